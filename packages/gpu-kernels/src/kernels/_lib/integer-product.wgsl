// Weights and epilogue of products of integers. Sums are exact in 32 bits.
// Prelude: BITS (8 or 16, of a weight), HAS_BIAS, HAS_SCALE, REQUANTIZE.

struct Run {
  items: u32, zero: u32,
  height: i32, width: i32, channels: u32, out_height: u32, out_width: u32, out_channels: u32,
  kernel: u32, strides: u32, pads: u32, dilations: u32,  // each y + 65536 x
  zero_point: i32, out_zero_point: i32, low: i32, high: i32,
}
@group(0) @binding(0) var<uniform> run: Run;

@group(0) @binding(1) var<storage, read> x: array<f32>;  // integers
@group(0) @binding(2) var<storage, read> weight: array<i32>;
@group(0) @binding(3) var<storage, read> bias: array<i32>;
@group(0) @binding(4) var<storage, read> scale: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const PER_WORD = 32u / u32(BITS);

// (y, x)
fn pair(packed: u32) -> vec2i { return vec2i(i32(packed & 0xffffu), i32(packed >> 16u)); }

fn weight_at(row: u32, inner: u32) -> i32 {
  return extractBits(weight[row + inner / PER_WORD], inner % PER_WORD * u32(BITS), u32(BITS));  // extends the sign
}

fn finish(sum: i32, channel: u32) -> f32 {
  var total = sum;
  if (HAS_BIAS) { total += bias[channel]; }
  var result = f32(total);
  if (HAS_SCALE) { result *= scale[channel]; }
  if (REQUANTIZE) { return clamp(round(result) + f32(run.out_zero_point), f32(run.low), f32(run.high)); }
  return result;
}
