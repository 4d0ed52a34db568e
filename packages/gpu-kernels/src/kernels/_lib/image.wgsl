// What image kernels share: sizes and offsets that differ from image to image, reading the source, writing the result.
// Prelude: SOURCE_CHANNELS: 3 = RGB bytes without gaps, 4 = one RGBA pixel a word (also every 8-bit image between two
// kernels), 0 = float32 samples. CHANNELS: of the image, where samples are read or written one by one.
struct ImageParameters {
  width: u32, height: u32,            // of the source
  out_width: u32, out_height: u32,    // of what is written
  left: i32, top: i32,                // the kernel's own
  table_width: u32, table_height: u32,  // the kernel's own
  source_offset: u32,                 // bytes where SOURCE_CHANNELS is 3, else words
  output_offset: u32,                 // words
}
@group(0) @binding(0) var<uniform> image: ImageParameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<i32>;
@group(0) @binding(3) var<storage, read_write> output: array<u32>;

fn load_pixel(x: u32, y: u32) -> vec4i {
  let index = y * image.width + x;
  var word: u32;
  if (SOURCE_CHANNELS == 4) {
    word = source[image.source_offset + index];
  } else {
    let byte = image.source_offset + index * 3u;
    let shift = byte % 4u * 8u;
    word = source[byte / 4u] >> shift;
    if (shift > 8u) { word |= source[byte / 4u + 1u] << (32u - shift); }  // the pixel straddles two words
  }
  return vec4i(vec4u(word, word >> 8u, word >> 16u, word >> 24u) & vec4u(255u));
}

fn store_pixel(index: u32, pixel: vec4i) {
  let p = vec4u(pixel);
  output[image.output_offset + index] = p.x | (p.y << 8u) | (p.z << 16u) | (p.w << 24u);
}

fn load_value(x: u32, y: u32, channel: u32) -> f32 {
  if (SOURCE_CHANNELS == 0) { return bitcast<f32>(source[image.source_offset + (y * image.width + x) * u32(CHANNELS) + channel]); }
  return f32(load_pixel(x, y)[channel]);
}

fn store_value(index: u32, channel: u32, value: f32) {
  output[image.output_offset + index * u32(OUT_CHANNELS) + channel] = bitcast<u32>(value);
}

fn table_value(index: u32) -> f32 { return bitcast<f32>(table[index]); }


// A word of a source that is no image.
fn load_word(index: u32) -> u32 { return source[image.source_offset + index]; }
