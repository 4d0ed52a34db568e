//! 8-bit images, pixel by pixel: formulas and their sources are in src/image-ops/byte-stages.ts.

/// Alpha times colour over 255, to the nearest.
pub fn premultiply(from: &[u8], to: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has AVX2.
        return unsafe { premultiply_avx2(from, to) };
    }
    premultiply_any(from, to);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn premultiply_avx2(from: &[u8], to: &mut [u8]) {
    premultiply_any(from, to);
}

/// Without a division, and two bytes of a pixel in each sum: none leaves its half.
#[inline(always)]
fn premultiply_any(from: &[u8], to: &mut [u8]) {
    const HALVES: u32 = 0x00ff_00ff;
    let times = |pair: u32, alpha: u32| {
        let products = pair * alpha + 0x0080_0080;
        ((products >> 8 & HALVES) + products) >> 8 & HALVES
    };
    for (to, from) in to.chunks_exact_mut(4).zip(from.chunks_exact(4)) {
        let pixel = u32::from_le_bytes([from[0], from[1], from[2], from[3]]);
        let alpha = pixel >> 24;
        let (red_and_blue, green) = (times(pixel & HALVES, alpha), times(pixel >> 8 & 0xff, alpha));
        to.copy_from_slice(&(red_and_blue | green << 8 | alpha << 24).to_le_bytes());
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

#[cfg(test)]
mod tests {
    use super::{premultiply, premultiply_any};

    #[test]
    fn premultiplies_to_the_nearest() {
        for (alpha, colour) in (0..=255u8).flat_map(|alpha| (0..=255u8).map(move |colour| (alpha, colour))) {
            let nearest = |colour: u8| (f64::from(colour) * f64::from(alpha) / 255.0).round() as u8;
            for by in [premultiply, premultiply_any] {
                // As many as go through a vector, and one more.
                let mut pixels = [[0; 4]; 9];
                by([[colour, 255 - colour, 255, alpha]; 9].as_flattened(), pixels.as_flattened_mut());
                assert_eq!(pixels, [[nearest(colour), nearest(255 - colour), alpha, alpha]; 9]);
            }
        }
    }
}
