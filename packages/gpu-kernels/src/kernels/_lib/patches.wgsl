// Where the patch of an output pixel lies in x.

// Where the patch of a row begins.
struct Origin { item: u32, y: i32, x: i32 }

fn origin_of(row: u32) -> Origin {
  if (POINTWISE) { return Origin(row, 0, 0); }
  let line = row / run.out_width;
  return Origin(
    line / run.out_height,
    i32(line % run.out_height) * run.stride_y - run.pad_top,
    i32(row % run.out_width) * run.stride_x - run.pad_left);
}

// Index of element `inner` of the patch at `origin` in x, or -1 outside the image.
fn patch_index(origin: Origin, inner: u32) -> i32 {
  if (POINTWISE) { return i32(origin.item * run.channels + inner); }
  let tap = inner / run.channels;
  let y = origin.y + i32(tap / run.kernel_width) * run.dilation_y;
  let x = origin.x + i32(tap % run.kernel_width) * run.dilation_x;
  if (y < 0 || y >= run.height || x < 0 || x >= run.width) { return -1; }
  let pixel = (i32(origin.item) * run.height + y) * run.width + x;
  return pixel * i32(run.channels) + i32(inner % run.channels);
}
