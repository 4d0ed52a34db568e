// Sizes of a convolution, which come with the run.
struct Run {
  items: u32, zero: u32,
  height: i32, width: i32, channels: u32, out_height: u32, out_width: u32, out_channels: u32,
  kernel_height: u32, kernel_width: u32, stride_y: i32, stride_x: i32, pad_top: i32, pad_left: i32, dilation_y: i32, dilation_x: i32,
}
@group(0) @binding(0) var<uniform> run: Run;
