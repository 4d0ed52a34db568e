// x holds halves and a multiple of 8 channels: eight neighbours are one word of 16 bytes, and all places count such words.
@group(0) @binding(1) var<storage, read> x: array<vec4<u32>>;

// First word of the patch of an output pixel, and where the patch begins in its image.
struct Origin { word: i32, y: i32, x: i32 }

// Where a thread's words of a slice lie, seen from the origins: the same for all its rows. Moving on is cheap, dividing is not.
struct Walk { inner: u32, channel: u32, y: i32, x: i32 }

fn origin_of(row: u32) -> Origin {
  if (POINTWISE) { return Origin(i32(row * (run.channels / 8u)), 0, 0); }
  let line = row / run.out_width;
  let y = i32(line % run.out_height) * run.stride_y - run.pad_top;
  let x = i32(row % run.out_width) * run.stride_x - run.pad_left;
  let pixel = (i32(line / run.out_height) * run.height + y) * run.width + x;
  return Origin(pixel * i32(run.channels / 8u), y, x);
}

fn walk_of(inner: u32) -> Walk {
  if (POINTWISE) { return Walk(inner, inner, 0, 0); }
  let tap = inner / run.channels;
  return Walk(inner, inner % run.channels,
    i32(tap / run.kernel_width) * run.dilation_y, i32(tap % run.kernel_width) * run.dilation_x);
}

// One slice on, which may be several taps of few channels; without a branch, as all of the loop over slices.
fn moved_on(walk: Walk) -> Walk {
  var next = walk;
  next.inner += SLICE;
  next.channel += SLICE;
  if (POINTWISE) { return next; }
  let row_end = i32(run.kernel_width) * run.dilation_x;
  for (var i = 0u; i < WORDS + rolled(); i++) {  // a slice has at most so many taps
    let is_over = next.channel >= run.channels;
    next.channel -= select(0u, run.channels, is_over);
    next.x += select(0, run.dilation_x, is_over);
    let is_row_end = next.x == row_end;
    next.x = select(next.x, 0, is_row_end);
    next.y += select(0, run.dilation_y, is_row_end);
  }
  return next;
}

// Words as they were read, and a bit a row: whether its word is of the image or stands for zeros.
struct Patches { words: array<vec4<u32>, X_LOADS>, inside: u32 }

// Without a branch: what lies outside reads the first word instead, and becomes zeros only when it is staged, so that the words
// are on their way while the slice before is multiplied.
fn patches_of_eight(origins: Origins, walk: Walk, inner_size: u32) -> Patches {
  var patches: Patches;
  let is_inner = walk.inner < inner_size;
  let start = (walk.y * run.width + walk.x) * i32(run.channels / 8u) + i32(walk.channel / 8u);
  for (var i = 0u; i < X_LOADS + rolled(); i++) {
    let origin = origins.rows[i];
    // Below 0 is beyond the end as well when it is read without a sign.
    let within = POINTWISE | ((u32(origin.y + walk.y) < u32(run.height)) & (u32(origin.x + walk.x) < u32(run.width)));
    let inside = is_inner & within;
    patches.words[i] = x[select(0, origin.word + start, inside)];
    patches.inside |= select(0u, 1u << i, inside);
  }
  return patches;
}

fn word_of_patch(patches: Patches, i: u32) -> vec4<u32> {
  return select(vec4<u32>(), patches.words[i], ((patches.inside >> i) & 1u) == 1u);
}
