//! 8-bit images, pixel by pixel: formulas and their sources are in src/image-ops/byte-stages.ts.

/// Alpha times colour over 255, to the nearest, without a division.
pub fn premultiply(data: &mut [u8]) {
    for pixel in data.chunks_exact_mut(4) {
        let alpha = u32::from(pixel[3]);
        for value in &mut pixel[..3] {
            let product = u32::from(*value) * alpha + 128;
            *value = (((product >> 8) + product) >> 8) as u8;
        }
    }
}

pub fn unpremultiply(data: &mut [u8]) {
    for pixel in data.chunks_exact_mut(4) {
        let alpha = u32::from(pixel[3]);
        if alpha == 0 || alpha == 255 {
            continue;
        }
        for value in &mut pixel[..3] {
            *value = (255 * u32::from(*value) / alpha).min(255) as u8;
        }
    }
}

/// Pillow's `convert("L")`.
pub fn grey(pixel: &[u8]) -> u8 {
    let weighted: u32 = pixel.iter().zip([19595, 38470, 7471]).map(|(&value, weight)| u32::from(value) * weight).sum();
    ((weighted + 0x8000) >> 16) as u8
}
