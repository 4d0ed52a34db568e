// Fourier transform of a line of at most LONGEST numbers, a power of two, in workgroup memory: log2 passes that sort
// themselves (Stockham), between the two halves of `line` in turn. Table: cosines of 2 pi i / count, then sines.
var<workgroup> line: array<vec2f, 2u * u32(LONGEST)>;

// Of what lies in front of `line`; returns where the result begins.
fn transform(count: u32, lane: u32) -> u32 {
  var source = 0u;
  var target_at = u32(LONGEST);
  for (var done = 1u; done < count; done *= 2u) {
    workgroupBarrier();
    let turns = count / (2u * done);
    for (var i = lane; i < count / 2u; i += 64u) {
      let within = i & (done - 1u);  // `done` is a power of two
      let turn = within * turns;
      let unit = vec2f(table_value(turn), -table_value(count + turn));
      let a = line[source + i];
      let b = line[source + i + count / 2u];
      let turned = vec2f(b.x * unit.x - b.y * unit.y, b.x * unit.y + b.y * unit.x);
      let to = target_at + 2u * i - within;
      line[to] = a + turned;
      line[to + done] = a - turned;
    }
    let next = source;
    source = target_at;
    target_at = next;
  }
  workgroupBarrier();
  return source;
}
