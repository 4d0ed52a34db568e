// What image kernels share: sizes and offsets that differ from image to image, and reading a pixel of the source.
// Prelude: SOURCE_CHANNELS: 3 = RGB bytes without gaps, 4 = one RGBA pixel a word (also every image between two kernels).
struct ImageParameters {
  width: u32, height: u32,            // of the source
  out_width: u32, out_height: u32,    // of what is written
  left: i32, top: i32,                // of a crop
  table_width: u32, table_height: u32,  // of the resized image of align-corners; table_width is the row stride of weights elsewhere
  source_offset: u32,                 // bytes where SOURCE_CHANNELS is 3, else words
  output_offset: u32,                 // words
}
@group(0) @binding(0) var<uniform> image: ImageParameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<i32>;

fn load_pixel(x: u32, y: u32) -> vec3i {
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
  return vec3i(vec3u(word, word >> 8u, word >> 16u) & vec3u(255u));
}

fn pack_pixel(pixel: vec3i) -> u32 {
  let p = vec3u(pixel);
  return p.x | (p.y << 8u) | (p.z << 16u);
}
