//! From a filter's name to the loop that computes it.

use super::geometry::{Maps, Size, Window};
use super::lerp::{self, Corners};
use super::maps;
use super::pillow;
use super::pillow_coefficients::Kernel;
use super::raster::{Raster, Samples, check_samples};
use super::step::Filter;
use super::taps::{self, FloatTaps, Table};
use super::{opencv, pixel};
use crate::error::{Error, Result};
use crate::gemm::Instructions;
use crate::threads::Mode;
use std::ops::Range;

/// The window of the image resized to `size`.
pub fn resize<'a>(
    mode: Mode,
    raster: Raster<'a>,
    filter: Filter,
    size: Size,
    window: Window,
    instructions: Instructions,
) -> Result<Raster<'a>> {
    check_samples((window.width, window.height), raster.channels)?;
    if raster.size() == size {
        let along = |start: usize, length: usize| (start..start + length).map(Some).collect();
        let kept = raster.gather(mode, &Maps { x: along(window.left, window.width), y: along(window.top, window.height), fill: 0 })?;
        // The steps behind a float filter work on floats, whatever the size of the image.
        return if filter.makes_floats() { kept.into_floats() } else { Ok(kept) };
    }
    let nearest = |raster: Raster<'a>, map: &dyn Fn(usize, usize, Range<usize>) -> maps::Map| {
        let x = map(raster.width, size.0, window.left..window.left + window.width);
        let y = map(raster.height, size.1, window.top..window.top + window.height);
        raster.gather(mode, &Maps { x, y, fill: 0 })
    };
    match filter {
        Filter::PillowNearest => nearest(raster, &maps::pillow_nearest),
        Filter::OpencvNearest => nearest(raster, &maps::opencv_nearest),
        Filter::TorchNearest => nearest(raster, &|input, output, part| maps::torch_nearest(input, output, part, 0.0)),
        Filter::TorchNearestExact => nearest(raster, &|input, output, part| maps::torch_nearest(input, output, part, 0.5)),
        Filter::PillowBox | Filter::PillowBilinear | Filter::PillowHamming | Filter::PillowBicubic | Filter::PillowLanczos => {
            resize_pillow(mode, raster, pillow_kernel(filter).ok_or_else(not_bytes)?, size, window, instructions)
        }
        Filter::OpencvBilinear | Filter::OpencvArea => resize_opencv(mode, raster, filter == Filter::OpencvArea, size, window),
        Filter::TensorflowAlignCorners => resize_lerp(mode, raster, Corners::Aligned, size, window),
        Filter::TensorflowHalfPixel => resize_lerp(mode, raster, Corners::HalfPixel, size, window),
        Filter::TorchBilinear => resize_taps(mode, raster, &FloatTaps::bilinear, size, window),
        Filter::TorchBicubic => resize_taps(mode, raster, &FloatTaps::bicubic, size, window),
        Filter::TorchBilinearAntialias => resize_taps(mode, raster, &FloatTaps::bilinear_antialias, size, window),
        Filter::TorchBicubicAntialias => resize_taps(mode, raster, &FloatTaps::bicubic_antialias, size, window),
    }
}

fn not_bytes() -> Error {
    Error::InvariantBroken("Expected `Recipe::new` to refuse an 8-bit step on floats.".into())
}

/// None for filters that are not Pillow's two passes.
pub fn pillow_kernel(filter: Filter) -> Option<Kernel> {
    Some(match filter {
        Filter::PillowBox => Kernel::Box,
        Filter::PillowBilinear => Kernel::Bilinear,
        Filter::PillowHamming => Kernel::Hamming,
        Filter::PillowBicubic => Kernel::Bicubic,
        Filter::PillowLanczos => Kernel::Lanczos,
        _ => return None,
    })
}

/// Pillow weighs RGBA colours by their alpha: premultiplied before, divided back after.
fn resize_pillow<'a>(
    mode: Mode,
    raster: Raster<'a>,
    kernel: Kernel,
    size: Size,
    window: Window,
    instructions: Instructions,
) -> Result<Raster<'a>> {
    let Raster { width, height, channels, samples: Samples::Bytes { stride, data } } = raster else { return Err(not_bytes()) };
    let source = pillow::Source { width, height, channels: stride, kept: channels, by_alpha: channels == 4, data: &data };
    let resized = pillow::resize(mode, &source, kernel, size, window, instructions)?;
    Ok(from_pillow(resized, (window.width, window.height), channels))
}

pub fn from_pillow<'a>(mut resized: Vec<u8>, size: Size, channels: usize) -> Raster<'a> {
    if channels == 4 {
        pixel::unpremultiply(&mut resized);
    }
    Raster::bytes(size, channels, resized)
}

fn resize_opencv<'a>(mode: Mode, raster: Raster<'a>, is_area: bool, size: Size, window: Window) -> Result<Raster<'a>> {
    let Raster { width, height, channels, samples: Samples::Bytes { data, .. } } = raster.packed()? else { return Err(not_bytes()) };
    let source = opencv::Source { width, height, channels, data: &data };
    let resized = opencv::resize(mode, &source, is_area, size, window)?;
    Ok(Raster::bytes((window.width, window.height), channels, resized))
}

fn resize_lerp<'a>(mode: Mode, raster: Raster<'a>, corners: Corners, size: Size, window: Window) -> Result<Raster<'a>> {
    let Raster { width, height, channels, samples } = raster.packed()?;
    let resized = match &samples {
        Samples::Bytes { data, .. } => {
            lerp::resize(mode, &taps::Source { width, height, channels, data: data.as_ref() }, corners, size, window)?
        }
        Samples::Floats(data) => lerp::resize(mode, &taps::Source { width, height, channels, data }, corners, size, window)?,
    };
    Ok(Raster::floats((window.width, window.height), channels, resized))
}

fn resize_taps<'a>(mode: Mode, raster: Raster<'a>, table: &Table, size: Size, window: Window) -> Result<Raster<'a>> {
    let Raster { width, height, channels, samples } = raster.packed()?;
    let resized = match &samples {
        Samples::Bytes { data, .. } => {
            taps::resize(mode, &taps::Source { width, height, channels, data: data.as_ref() }, size, window, table)?
        }
        Samples::Floats(data) => taps::resize(mode, &taps::Source { width, height, channels, data }, size, window, table)?,
    };
    Ok(Raster::floats((window.width, window.height), channels, resized))
}
