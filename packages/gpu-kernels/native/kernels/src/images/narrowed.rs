//! An image after the horizontal pass of the resize that its recipe begins with.

use super::geometry::{Size, Window};
use super::pillow::Source;
use super::raster::Raster;
use super::step::Filter;
use crate::error::Result;
use crate::gemm::Instructions;
use crate::threads::Mode;

/// What a resize is told.
pub type Asked = (Filter, Size, Window);

#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone)]
pub struct Narrowed {
    asked: Asked,
    channels: usize,
    passes: super::pillow_vnni::Passes,
    between: Vec<u8>,
}

#[cfg(target_arch = "x86_64")]
impl Narrowed {
    /// None where the resize is not two passes of Pillow's, or where this processor takes much longer for one than for a copy.
    pub fn new(source: &Source, asked: Asked, instructions: Instructions) -> Result<Option<Self>> {
        use super::pillow::Reads;
        let (filter, size, window) = asked;
        let Some(kernel) = super::resize::pillow_kernel(filter).filter(|_| instructions == Instructions::Avx512) else {
            return Ok(None);
        };
        let Reads { rows, first, across: Some(across), down: Some(down) } = Reads::new(source, kernel, size, window)? else {
            return Ok(None);
        };
        let channels = [source.channels, source.kept];
        let Some(passes) = super::pillow_vnni::Passes::new(&across, &down, first, channels)? else { return Ok(None) };
        let mut between = crate::error::allocate(passes.between(rows.height), "a narrowed image")?;
        passes.narrow(Mode::Sequential, &rows, &mut between);
        Ok(Some(Narrowed { asked, channels: source.kept, passes, between }))
    }

    /// The vertical pass.
    pub fn resize<'a>(&self, mode: Mode, asked: Asked) -> Result<Raster<'a>> {
        if self.asked != asked {
            return Err(crate::error::Error::InvariantBroken(format!(
                "Expected an image narrowed for {asked:?}, received one for {:?}.",
                self.asked
            )));
        }
        let window = asked.2;
        let resized = self.passes.flatten(mode, &self.between)?;
        Ok(super::resize::from_pillow(resized, (window.width, window.height), self.channels))
    }
}

/// Other processors narrow nothing as it comes.
#[cfg(not(target_arch = "x86_64"))]
#[derive(Debug, Clone)]
pub enum Narrowed {}

#[cfg(not(target_arch = "x86_64"))]
impl Narrowed {
    pub fn new(_: &Source, _: Asked, _: Instructions) -> Result<Option<Self>> {
        Ok(None)
    }

    pub fn resize<'a>(&self, _: Mode, _: Asked) -> Result<Raster<'a>> {
        match *self {}
    }
}
