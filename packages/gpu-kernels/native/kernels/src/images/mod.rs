//! Image recipes: decoded pixels of any size to `[height, width, channels]` floats. A crop that follows a resize is
//! computed first, and only the pixels that survive it are resized.

mod apply;
mod arrival;
mod geometry;
mod jpeg;
mod jpeg_dct;
mod lerp;
mod maps;
mod narrowed;
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

pub use arrival::{Image, Picture};
