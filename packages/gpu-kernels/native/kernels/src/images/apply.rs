//! Steps that neither move pixels nor resize.

use super::geometry::Size;
use super::noise::{Patches, add_gaussian, patches};
use super::raster::{Raster, Samples};
use super::recipe::normalise;
use super::residual::{self, Kernels};
use super::step::{Chroma, RecipeStep};
use super::taps::{self, FloatTaps};
use super::{jpeg, pillow, pixel, transforms};
use crate::error::{Error, Result, allocate, refuse};
use crate::gemm::Instructions;
use crate::threads::Mode;
use std::borrow::Cow;

pub fn apply<'a>(mode: Mode, raster: Raster<'a>, step: &RecipeStep, instructions: Instructions) -> Result<Raster<'a>> {
    let (size, channels) = (raster.size(), raster.channels);
    match (step, raster.samples) {
        (RecipeStep::DropAlpha, samples) => Ok(Raster { channels: 3, samples, ..raster }),
        (RecipeStep::Normalise { scale, mean, deviation }, samples) => {
            let raster = Raster { samples, ..raster };
            let mut floats = allocate(size.0 * size.1 * channels, "a normalised image")?;
            normalise(mode, &raster, *scale, mean, deviation, &mut floats)?;
            Ok(Raster::floats(size, channels, floats))
        }
        (_, Samples::Bytes { stride, data }) => on_bytes(mode, step, size, (stride, channels), data, instructions),
        (_, Samples::Floats(data)) => on_floats(mode, step, size, channels, data),
    }
}

fn unexpected(step: &RecipeStep) -> Error {
    Error::InvariantBroken(format!("Expected `Recipe::new` to refuse {step:?} here."))
}

fn on_bytes<'a>(
    mode: Mode,
    step: &RecipeStep,
    size: Size,
    (stride, channels): Size,
    mut data: Cow<'a, [u8]>,
    instructions: Instructions,
) -> Result<Raster<'a>> {
    let as_it_was = |data| Raster { width: size.0, height: size.1, channels, samples: Samples::Bytes { stride, data } };
    match *step {
        RecipeStep::Grey { channels: wanted } => {
            let mut greys = allocate(size.0 * size.1 * wanted, "a grey image")?;
            for (grey, pixel) in greys.chunks_exact_mut(wanted).zip(data.chunks_exact(stride)) {
                grey.fill(if channels == 1 { pixel[0] } else { pixel::grey(&pixel[..3]) });
            }
            Ok(Raster::bytes(size, wanted, greys))
        }
        RecipeStep::Bgr => {
            data.to_mut().chunks_exact_mut(stride).for_each(|pixel| pixel.swap(0, 2));
            Ok(as_it_was(data))
        }
        RecipeStep::Jpeg { quality, chroma } => {
            let decoded = jpeg::round_trip(mode, size, &data, stride, quality, chroma == Chroma::Half)?;
            Ok(Raster::bytes(size, 3, decoded))
        }
        RecipeStep::GaussianNoise { sigma, seed } => {
            add_gaussian(mode, data.to_mut(), size.0, (stride, channels), sigma, seed);
            Ok(as_it_was(data))
        }
        RecipeStep::GaussianBlur { sigma } => {
            let source = pillow::Source { width: size.0, height: size.1, channels: stride, kept: channels, by_alpha: false, data: &data };
            let (across, down) = (transforms::gaussian(size.0, sigma), transforms::gaussian(size.1, sigma));
            Ok(Raster::bytes(size, channels, pillow::convolve(mode, &source, &across, &down, instructions)?))
        }
        RecipeStep::TexturePatches { patch, count, keep, width, height, seed } => {
            if size.0 < patch || size.1 < patch {
                refuse!("Expected an image at least as large as a patch of {patch} × {patch}, received {} × {}.", size.0, size.1);
            }
            let Raster { samples: Samples::Bytes { data, .. }, .. } = as_it_was(data).packed()? else { return Err(unexpected(step)) };
            let wanted = Patches { size: patch, count, keep, seed, output: (width, height) };
            Ok(Raster::bytes((width, height), channels, patches(&data, size, channels, &wanted)?))
        }
        _ => Err(unexpected(step)),
    }
}

fn on_floats<'a>(mode: Mode, step: &RecipeStep, size: Size, channels: usize, mut data: Vec<f32>) -> Result<Raster<'a>> {
    let filtered = |kernels: &Kernels, sums: bool| residual::stencil(mode, &data, size, channels, kernels, sums);
    match *step {
        RecipeStep::Round => data.iter_mut().for_each(|value| *value = value.clamp(0.0, 255.0).round_ties_even()),
        RecipeStep::Log { epsilon } => {
            data.iter_mut().for_each(|value| *value = (f64::from(value.abs()) + f64::from(epsilon)).ln() as f32);
        }
        RecipeStep::Npr => {
            if !size.0.is_multiple_of(2) || !size.1.is_multiple_of(2) {
                refuse!("Expected even sizes before npr, received {} × {}.", size.0, size.1);
            }
            data = residual::npr(mode, &data, size.0, channels)?;
        }
        RecipeStep::DiagonalGradient => data = filtered(&residual::diagonal_gradient(), false)?,
        RecipeStep::Laplacian => data = filtered(&residual::laplacian(), false)?,
        RecipeStep::Srm { filters } => return Ok(Raster::floats(size, filters, filtered(&residual::srm(filters), true)?)),
        RecipeStep::PowerSpectrum => data = transforms::power_spectrum(&data, size, channels)?,
        RecipeStep::Dct => return both(mode, &data, size, channels, &transforms::dct),
        RecipeStep::DwtHh => return both(mode, &data, size, channels, &transforms::haar_high),
        RecipeStep::GaussianBlur { sigma } => return both(mode, &data, size, channels, &|length| transforms::gaussian(length, sigma)),
        RecipeStep::AzimuthalMean { length } => {
            let means = transforms::ring_means(&data, size, channels);
            let source = taps::Source { width: means.len() / channels, height: 1, channels, data: &means[..] };
            let profile = taps::pass_both(mode, &source, &transforms::interpolation(source.width, length), None, 0, 1)?;
            return Ok(Raster::floats((length, 1), channels, profile));
        }
        _ => return Err(unexpected(step)),
    }
    Ok(Raster::floats(size, channels, data))
}

/// The same transform along both axes.
fn both<'a>(mode: Mode, data: &[f32], size: Size, channels: usize, table: &dyn Fn(usize) -> FloatTaps) -> Result<Raster<'a>> {
    let (across, down) = (table(size.0), table(size.1));
    let source = taps::Source { width: size.0, height: size.1, channels, data };
    let values = taps::pass_both(mode, &source, &across, Some(&down), 0, size.1)?;
    Ok(Raster::floats((across.rows().len(), down.rows().len()), channels, values))
}
