//! Image recipes: decoded pixels of any size to `[height, width, channels]` floats. A crop that follows a resize is
//! computed first, and only the pixels that survive it are resized.

mod apply;
mod geometry;
mod jpeg;
mod jpeg_dct;
mod lerp;
mod maps;
mod noise;
mod opencv;
mod pillow;
#[cfg(target_arch = "x86_64")]
mod pillow_avx2;
mod pillow_coefficients;
#[cfg(target_arch = "aarch64")]
mod pillow_neon;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod pillow_steps;
#[cfg(target_arch = "x86_64")]
mod pillow_vnni;
#[cfg(target_arch = "x86_64")]
mod pillow_vnni_tables;
mod pixel;
mod raster;
mod recipe;
mod residual;
mod resize;
mod step;
mod taps;
#[cfg(test)]
mod tests;
mod transforms;

pub use recipe::Recipe;
pub use step::RecipeStep;

use crate::error::{Result, refuse};

/// 8-bit pixels, interleaved, RGB or RGBA.
#[derive(Debug, Clone)]
pub struct Image {
    width: usize,
    height: usize,
    channels: usize,
    data: Vec<u8>,
    view: u32,
}

impl Image {
    pub fn new(width: usize, height: usize, channels: usize, data: Vec<u8>) -> Result<Self> {
        let length = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels));
        if !(channels == 3 || channels == 4) || width == 0 || height == 0 || length != Some(data.len()) {
            refuse!(
                "Expected an image of width × height × channels bytes with 3 or 4 channels, received {width} × {height} × {channels} in {} bytes.",
                data.len()
            );
        }
        Ok(Image { width, height, channels, data, view: 0 })
    }

    /// The same image, seen in another view by a recipe with several.
    pub fn viewed(self, view: u32) -> Self {
        Image { view, ..self }
    }
}
