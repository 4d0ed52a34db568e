// x of either storage and any number of channels, element by element.
@group(0) @binding(1) var<storage, read> x: array<T1>;

// First number of the patch of an output pixel, and where the patch begins in its image.
struct Origin { first: i32, y: i32, x: i32 }

// Where a thread is in the inner dimension.
struct Walk { inner: u32 }

// Where an element of the inner dimension lies, seen from the origins.
struct Tap { start: i32, y: i32, x: i32, inside: bool }

fn origin_of(row: u32) -> Origin {
  if (POINTWISE) { return Origin(i32(row * run.channels), 0, 0); }
  let line = row / run.out_width;
  let y = i32(line % run.out_height) * run.stride_y - run.pad_top;
  let x = i32(row % run.out_width) * run.stride_x - run.pad_left;
  return Origin(((i32(line / run.out_height) * run.height + y) * run.width + x) * i32(run.channels), y, x);
}

fn walk_of(inner: u32) -> Walk { return Walk(inner); }

fn moved_on(walk: Walk) -> Walk { return Walk(walk.inner + SLICE); }

fn tap_of(inner: u32, inner_size: u32) -> Tap {
  if (POINTWISE) { return Tap(i32(inner), 0, 0, inner < inner_size); }
  let tap = inner / run.channels;
  let y = i32(tap / run.kernel_width) * run.dilation_y;
  let x = i32(tap % run.kernel_width) * run.dilation_x;
  return Tap((y * run.width + x) * i32(run.channels) + i32(inner % run.channels), y, x, inner < inner_size);
}

// Without a branch, so that the loads of all rows and taps are on their way together: what lies outside reads the first number.
fn element_of(origin: Origin, tap: Tap) -> f32 {
  // Below 0 is beyond the end as well when it is read without a sign.
  let within = POINTWISE | ((u32(origin.y + tap.y) < u32(run.height)) & (u32(origin.x + tap.x) < u32(run.width)));
  let inside = tap.inside & within;
  return select(0.0, f32(x[select(0, origin.first + tap.start, inside)]), inside);
}

struct Patches { words: array<vec4<u32>, X_LOADS> }

// Taps outside, rows inside: the divisions are made once for all rows.
fn patches_of_eight(origins: Origins, walk: Walk, inner_size: u32) -> Patches {
  var patches: Patches;
  for (var pair = 0u; pair < 4u + rolled(); pair++) {
    let even = tap_of(walk.inner + 2u * pair, inner_size);
    let odd = tap_of(walk.inner + 2u * pair + 1u, inner_size);
    for (var i = 0u; i < X_LOADS + rolled(); i++) {
      let origin = origins.rows[i];
      patches.words[i][pair] = halves_of(vec2f(element_of(origin, even), element_of(origin, odd)));
    }
  }
  return patches;
}

fn word_of_patch(patches: Patches, i: u32) -> vec4<u32> { return patches.words[i]; }
