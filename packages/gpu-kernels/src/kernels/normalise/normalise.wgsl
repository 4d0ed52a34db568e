// y = (x − mean) / √(variance + EPSILON) · scale + bias, x seen as [rows, PIXELS, GROUPS, WIDTH] with statistics over pixels
// and width. One workgroup a row and group. Two passes: the variance is a sum of squares of what is left when the mean is
// taken away, so that a large mean cancels nothing. Prelude: PIXELS GROUPS WIDTH PARTS (rows · groups an item) EPSILON
// CENTRED HAS_SCALE HAS_BIAS.

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<T4>;

const COUNT = u32(PIXELS * WIDTH);

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let part = group.y * groups.x + group.x;
  if (part >= run.items * u32(PARTS)) { return; }  // the same for the whole workgroup
  let channel = part % u32(GROUPS) * u32(WIDTH);
  let first = part / u32(GROUPS) * u32(PIXELS * GROUPS * WIDTH) + channel;
  var mean = 0.0;
  if (CENTRED) {
    var sum = 0.0;
    for (var i = lane; i < COUNT + run.zero; i += WORKGROUP) { sum += f32(x[first + i / u32(WIDTH) * u32(GROUPS * WIDTH) + i % u32(WIDTH)]); }
    mean = sum_over_workgroup(lane, sum) / f32(COUNT);
  }
  var squares = 0.0;
  for (var i = lane; i < COUNT + run.zero; i += WORKGROUP) {
    let centred = f32(x[first + i / u32(WIDTH) * u32(GROUPS * WIDTH) + i % u32(WIDTH)]) - mean;
    squares += centred * centred;
  }
  let deviation = sqrt(sum_over_workgroup(lane, squares) / f32(COUNT) + f32(EPSILON));
  for (var i = lane; i < COUNT + run.zero; i += WORKGROUP) {
    let at = first + i / u32(WIDTH) * u32(GROUPS * WIDTH) + i % u32(WIDTH);
    var value = (f32(x[at]) - mean) / deviation;
    if (HAS_SCALE) { value *= scale[channel + i % u32(WIDTH)]; }
    if (HAS_BIAS) { value += bias[channel + i % u32(WIDTH)]; }
    y[at] = T4(value);
  }
}
