//! An image between two steps of a recipe.

use super::geometry::{Maps, Size};
use crate::error::{Error, Result, allocate};
use crate::threads::Mode;
use std::borrow::Cow;

/// Samples of an image between two steps of a recipe: 256 Mpx of three channels.
const MAX_SAMPLES: usize = 3 << 28;

pub enum Samples<'a> {
    /// `stride` bytes from pixel to pixel; those beyond the raster's channels do not count.
    Bytes { stride: usize, data: Cow<'a, [u8]> },
    /// Without gaps.
    Floats(Vec<f32>),
}

pub struct Raster<'a> {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    pub samples: Samples<'a>,
}

impl<'a> Raster<'a> {
    pub fn size(&self) -> Size {
        (self.width, self.height)
    }

    pub fn bytes((width, height): Size, channels: usize, data: Vec<u8>) -> Self {
        Raster { width, height, channels, samples: Samples::Bytes { stride: channels, data: Cow::Owned(data) } }
    }

    pub fn floats((width, height): Size, channels: usize, data: Vec<f32>) -> Self {
        Raster { width, height, channels, samples: Samples::Floats(data) }
    }

    /// Its bytes without gaps.
    pub fn packed(self) -> Result<Raster<'a>> {
        let Samples::Bytes { stride, data } = &self.samples else { return Ok(self) };
        if *stride == self.channels {
            return Ok(self);
        }
        let mut packed = allocate(self.width * self.height * self.channels, "an image")?;
        for (to, from) in packed.chunks_exact_mut(self.channels).zip(data.chunks_exact(*stride)) {
            to.copy_from_slice(&from[..self.channels]);
        }
        Ok(Raster::bytes((self.width, self.height), self.channels, packed))
    }

    pub fn into_floats(self) -> Result<Raster<'a>> {
        let packed = self.packed()?;
        let Samples::Bytes { data, .. } = &packed.samples else { return Ok(packed) };
        let mut floats = allocate(data.len(), "an image")?;
        for (to, &from) in floats.iter_mut().zip(data.iter()) {
            *to = f32::from(from);
        }
        Ok(Raster::floats(packed.size(), packed.channels, floats))
    }

    pub fn gather(self, mode: Mode, maps: &Maps) -> Result<Raster<'a>> {
        if maps.is_identity(self.size()) {
            return Ok(self);
        }
        check_samples((maps.x.len(), maps.y.len()), self.channels)?;
        let size = (maps.x.len(), maps.y.len());
        Ok(match &self.samples {
            Samples::Bytes { stride, data } => {
                Raster::bytes(size, self.channels, gather(mode, data, (self.width, *stride), self.channels, maps, maps.fill)?)
            }
            Samples::Floats(data) => {
                let from = (self.width, self.channels);
                Raster::floats(size, self.channels, gather(mode, data, from, self.channels, maps, f32::from(maps.fill))?)
            }
        })
    }
}

pub fn check_samples((width, height): Size, channels: usize) -> Result<()> {
    if width.saturating_mul(height).saturating_mul(channels) > MAX_SAMPLES {
        return Err(Error::OutOfMemory(format!(
            "Expected at most {MAX_SAMPLES} samples after each step of a recipe, received {width} × {height} × {channels}."
        )));
    }
    Ok(())
}

fn gather<T: Copy + Default + Send + Sync>(
    mode: Mode,
    data: &[T],
    (width, stride): Size,
    channels: usize,
    maps: &Maps,
    fill: T,
) -> Result<Vec<T>> {
    let row_length = maps.x.len() * channels;
    let mut gathered = allocate(row_length * maps.y.len(), "an image")?;
    mode.chunks(&mut gathered, row_length, |row, target| {
        let Some(y) = maps.y[row] else { return target.fill(fill) };
        let line = &data[y * width * stride..][..width * stride];
        for (pixel, x) in target.chunks_exact_mut(channels).zip(&maps.x) {
            match x {
                Some(x) => pixel.copy_from_slice(&line[x * stride..][..channels]),
                None => pixel.fill(fill),
            }
        }
    });
    Ok(gathered)
}
