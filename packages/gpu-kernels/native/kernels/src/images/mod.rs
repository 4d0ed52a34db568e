//! Image recipes: decoded pixels of any size to `[height, width, 3]` floats. A crop that follows a resize is
//! computed first, and only the pixels that survive it are resized.

mod align_corners;
mod pillow;
#[cfg(target_arch = "x86_64")]
mod pillow_avx2;
#[cfg(test)]
mod tests;

use crate::error::{Error, Result, allocate, refuse};
use crate::gemm::Instructions;
use crate::plan::RecipeStep;
use crate::threads::Mode;
use std::borrow::Cow;

/// Sides that a recipe may ask for. Far above any network's input.
const MAX_SIDE: usize = 1 << 16;
/// Pixels of an image between two steps of a recipe: 256 Mpx.
const MAX_PIXELS: usize = 1 << 28;

/// 8-bit pixels, interleaved, RGB or RGBA. The alpha of RGBA is dropped.
#[derive(Debug, Clone)]
pub struct Image {
    width: usize,
    height: usize,
    channels: usize,
    data: Vec<u8>,
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
        Ok(Image { width, height, channels, data })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    Pillow(pillow::Kernel),
    AlignCorners,
}

#[derive(Debug, Clone, Copy)]
enum Target {
    Exact { width: usize, height: usize },
    ShortSide(usize),
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Resize(Filter, Target),
    Crop { width: usize, height: usize },
}

#[derive(Debug, Clone)]
pub struct Recipe {
    stages: Vec<Stage>,
    scale: f32,
    mean: [f32; 3],
    deviation: [f32; 3],
    height: usize,
    width: usize,
}

/// Part of an image: first column and row, size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

enum Pixels<'a> {
    Bytes {
        channels: usize,
        data: Cow<'a, [u8]>,
    },
    /// Three channels.
    Floats(Vec<f32>),
}

struct Raster<'a> {
    width: usize,
    height: usize,
    pixels: Pixels<'a>,
}

/// Where a centre crop to `crop` reads along one axis of `size`, and where it writes: torchvision pads with zeros
/// (the smaller half first) what is too small, and crops from round((size - crop) / 2), half to even as Python rounds.
fn crop_axis(size: usize, crop: usize) -> (usize, usize, usize) {
    if crop > size {
        return (0, (crop - size) / 2, size);
    }
    let excess = size - crop;
    let half = excess / 2;
    let start = if excess % 2 == 1 && half % 2 == 1 { half + 1 } else { half };
    (start, 0, crop)
}

impl Recipe {
    /// `height` and `width` are those of the step's output; a recipe that fixes the size must fix that.
    pub fn new(step: &str, recipe: &[RecipeStep], height: usize, width: usize) -> Result<Self> {
        let mut stages = Vec::new();
        let mut fixed = None;
        let mut is_float = false;
        let Some((RecipeStep::Normalise { scale, mean, deviation }, before)) = recipe.split_last() else {
            refuse!("Expected the recipe of step `{step}` to end in normalise.");
        };
        for stage in before {
            let stage = match stage {
                RecipeStep::Resize { filter, width, height } => {
                    fixed = Some((*width, *height));
                    Stage::Resize(parse_filter(filter, &mut is_float)?, Target::Exact { width: *width, height: *height })
                }
                RecipeStep::ResizeShortSide { filter, size } => {
                    fixed = None;
                    check_sides(step, *size, *size)?;
                    Stage::Resize(parse_filter(filter, &mut is_float)?, Target::ShortSide(*size))
                }
                RecipeStep::CentreCrop { width, height } => {
                    fixed = Some((*width, *height));
                    Stage::Crop { width: *width, height: *height }
                }
                RecipeStep::Normalise { .. } => refuse!("Expected normalise to be the last of the recipe of step `{step}`."),
            };
            if let Some((width, height)) = fixed {
                check_sides(step, width, height)?;
            }
            stages.push(stage);
        }
        if fixed.is_some_and(|fixed| fixed != (width, height)) {
            refuse!("Expected the recipe of step `{step}` to give {width} × {height} pixels, it gives {fixed:?} (width, height).");
        }
        let triple = |name: &str, values: &[f32]| match <[f32; 3]>::try_from(values) {
            Ok(values) if values.iter().all(|value| value.is_finite()) => Ok(values),
            _ => refuse!("Expected {name} of step `{step}` to be three finite numbers, received {values:?}."),
        };
        let (mean, deviation) = (triple("mean", mean)?, triple("deviation", deviation)?);
        if deviation.contains(&0.0) || !scale.is_finite() {
            refuse!("Expected a finite scale and deviations other than 0 in step `{step}`, received {scale} and {deviation:?}.");
        }
        Ok(Recipe { stages, scale: *scale, mean, deviation, height, width })
    }

    /// Writes `[height, width, 3]` floats.
    pub fn run(&self, mode: Mode, image: &Image, y: &mut [f32], instructions: Instructions) -> Result<()> {
        let mut raster = Raster {
            width: image.width,
            height: image.height,
            pixels: Pixels::Bytes { channels: image.channels, data: Cow::Borrowed(&image.data) },
        };
        let mut stages = self.stages.as_slice();
        while let Some((stage, rest)) = stages.split_first() {
            stages = rest;
            let (filter, width, height) = match *stage {
                Stage::Resize(filter, target) => {
                    let (width, height) = target_size(target, raster.width, raster.height);
                    (Some(filter), width, height)
                }
                Stage::Crop { .. } => (None, raster.width, raster.height),
            };
            // A crop directly after this resize, or this stage itself.
            let crop = match (*stage, stages.first()) {
                (Stage::Crop { width, height }, _) => Some((width, height)),
                (_, Some(&Stage::Crop { width, height })) => {
                    stages = &stages[1..];
                    Some((width, height))
                }
                _ => None,
            };
            let (crop_width, crop_height) = crop.unwrap_or((width, height));
            if crop_width.saturating_mul(crop_height) > MAX_PIXELS {
                return Err(Error::OutOfMemory(format!(
                    "Expected at most {MAX_PIXELS} pixels after each step of a recipe, received {crop_width} × {crop_height}."
                )));
            }
            let (left, to_left, inner_width) = crop_axis(width, crop_width);
            let (top, to_top, inner_height) = crop_axis(height, crop_height);
            let window = Window { left, top, width: inner_width, height: inner_height };
            let part = resample(mode, &raster, filter, width, height, window, instructions)?;
            raster = place(part, window, to_left, to_top, crop_width, crop_height)?;
        }
        self.normalise(mode, &raster, y)
    }

    fn normalise(&self, mode: Mode, raster: &Raster, y: &mut [f32]) -> Result<()> {
        if (raster.width, raster.height) != (self.width, self.height) {
            refuse!(
                "Expected the recipe to give {} × {} pixels, an image gave {} × {}.",
                self.width,
                self.height,
                raster.width,
                raster.height
            );
        }
        let normalised = |value: f32, channel: usize| (value * self.scale - self.mean[channel]) / self.deviation[channel];
        match &raster.pixels {
            Pixels::Bytes { channels, data } => {
                let table: [[f32; 256]; 3] = std::array::from_fn(|channel| std::array::from_fn(|value| normalised(value as f32, channel)));
                mode.chunks(y, self.width * 3, |row, y| {
                    let data = &data[row * self.width * channels..];
                    for (y, pixel) in y.chunks_exact_mut(3).zip(data.chunks_exact(*channels)) {
                        for channel in 0..3 {
                            y[channel] = table[channel][usize::from(pixel[channel])];
                        }
                    }
                });
            }
            Pixels::Floats(data) => {
                for (y, pixel) in y.chunks_exact_mut(3).zip(data.chunks_exact(3)) {
                    for channel in 0..3 {
                        y[channel] = normalised(pixel[channel], channel);
                    }
                }
            }
        }
        Ok(())
    }
}

fn check_sides(step: &str, width: usize, height: usize) -> Result<()> {
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
        refuse!("Expected sizes in the recipe of step `{step}` from 1 to {MAX_SIDE}, received {width} × {height}.");
    }
    Ok(())
}

fn parse_filter(name: &str, is_float: &mut bool) -> Result<Filter> {
    let filter = match name {
        "pillow-bilinear" => Filter::Pillow(pillow::Kernel::Bilinear),
        "pillow-bicubic" => Filter::Pillow(pillow::Kernel::Bicubic),
        "tensorflow-align-corners" => Filter::AlignCorners,
        other => return Err(Error::OpUnsupported(format!("this backend does not know the filter `{other}`"))),
    };
    if *is_float && filter != Filter::AlignCorners {
        return Err(Error::OpUnsupported(format!("{name} works on 8-bit pixels, and the step before it gives floats")));
    }
    *is_float |= filter == Filter::AlignCorners;
    Ok(filter)
}

/// Width and height after a resize. The long side is floor(size · long / short), as torchvision computes it.
fn target_size(target: Target, width: usize, height: usize) -> (usize, usize) {
    match target {
        Target::Exact { width, height } => (width, height),
        Target::ShortSide(size) if width <= height => (size, (size.saturating_mul(height) / width).max(1)),
        Target::ShortSide(size) => ((size.saturating_mul(width) / height).max(1), size),
    }
}

/// The window of the image resized to `width` × `height`; without a filter, of the image as it is.
fn resample(
    mode: Mode,
    raster: &Raster,
    filter: Option<Filter>,
    width: usize,
    height: usize,
    window: Window,
    instructions: Instructions,
) -> Result<Pixels<'static>> {
    match (&raster.pixels, filter) {
        (Pixels::Bytes { channels, data }, Some(Filter::AlignCorners)) => {
            let source = align_corners::Source { width: raster.width, height: raster.height, channels: *channels, data: &data[..] };
            align_corners::resize(mode, &source, width, height, window).map(Pixels::Floats)
        }
        (Pixels::Floats(data), Some(Filter::AlignCorners)) => {
            let source = align_corners::Source { width: raster.width, height: raster.height, channels: 3, data: &data[..] };
            align_corners::resize(mode, &source, width, height, window).map(Pixels::Floats)
        }
        (Pixels::Bytes { channels, data }, filter) => {
            let kernel = match filter {
                Some(Filter::Pillow(kernel)) => kernel,
                // Nothing changes size, so no pass runs and no kernel is used.
                _ => pillow::Kernel::Bilinear,
            };
            let source = pillow::Source { width: raster.width, height: raster.height, channels: *channels, data };
            let data = pillow::resize(mode, &source, kernel, width, height, window, instructions)?;
            Ok(Pixels::Bytes { channels: 3, data: Cow::Owned(data) })
        }
        (Pixels::Floats(data), None) => {
            let mut part = allocate(window.width * window.height * 3, "a cropped image")?;
            for (row, part) in part.chunks_exact_mut(window.width * 3).enumerate() {
                part.copy_from_slice(&data[((window.top + row) * raster.width + window.left) * 3..][..part.len()]);
            }
            Ok(Pixels::Floats(part))
        }
        (Pixels::Floats(_), Some(Filter::Pillow(_))) => {
            Err(Error::InvariantBroken("Expected `Recipe::new` to refuse an 8-bit resize of floats.".into()))
        }
    }
}

/// Puts `part` onto a black canvas, unless it fills it.
fn place<'a>(part: Pixels<'a>, from: Window, left: usize, top: usize, width: usize, height: usize) -> Result<Raster<'a>> {
    if (from.width, from.height) == (width, height) {
        return Ok(Raster { width, height, pixels: part });
    }
    fn onto<T: Copy + Default>(part: &[T], from: Window, left: usize, top: usize, width: usize, height: usize) -> Result<Vec<T>> {
        let mut canvas = allocate(width * height * 3, "a padded image")?;
        for (row, pixels) in part.chunks_exact(from.width * 3).enumerate() {
            canvas[((top + row) * width + left) * 3..][..pixels.len()].copy_from_slice(pixels);
        }
        Ok(canvas)
    }
    let pixels = match &part {
        Pixels::Bytes { data, .. } => Pixels::Bytes { channels: 3, data: Cow::Owned(onto(data, from, left, top, width, height)?) },
        Pixels::Floats(data) => Pixels::Floats(onto(data, from, left, top, width, height)?),
    };
    Ok(Raster { width, height, pixels })
}
