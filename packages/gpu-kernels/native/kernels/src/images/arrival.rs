//! Images as a run has them. Pixels that the caller may change or free as soon as a run was asked for are copied before, by the
//! thread that asks. For a large image that is most of the memory traffic of its preparation. Where the recipe begins with a
//! resize of Pillow's and the processor is quick at it, its horizontal pass takes the place of the copy: it reads the pixels
//! once and leaves a tenth of them. Pixels that are lent for the run are read where they are.

use super::narrowed::Narrowed;
use super::recipe::Recipe;
use crate::compile::CompiledPlan;
use crate::error::{Result, refuse};
use crate::gemm::Instructions;
use crate::program::Op;
use crate::spare::Copied;

/// Bytes from which an image is narrowed as it comes. A smaller one is copied within the caches, in less time than the pass takes.
const LARGE: usize = 8 << 20;

/// 8-bit pixels of a caller, interleaved, RGB or RGBA.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    pub data: &'a [u8],
    /// Which view of a recipe with several.
    pub view: u32,
}

/// What is kept of a picture.
#[derive(Debug)]
pub struct Image<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) channels: usize,
    pub(super) pixels: Pixels<'a>,
    pub(super) view: u32,
}

#[derive(Debug)]
pub enum Pixels<'a> {
    Whole(Copied<u8>),
    Lent(&'a [u8]),
    Narrowed(Box<Narrowed>),
}

impl<'a> Image<'a> {
    /// Nothing of the picture's is copied.
    pub fn lent(picture: &Picture<'a>) -> Result<Self> {
        picture.check()?;
        let &Picture { width, height, channels, data, view } = picture;
        Ok(Image { width, height, channels, pixels: Pixels::Lent(data), view })
    }
}

impl Image<'static> {
    pub fn new(width: usize, height: usize, channels: usize, data: &[u8]) -> Result<Self> {
        Picture { width, height, channels, data, view: 0 }.check()?;
        Ok(Image { width, height, channels, pixels: Pixels::Whole(copied(data)?), view: 0 })
    }

    /// For the recipe alone.
    pub(super) fn taken(picture: &Picture, recipe: &Recipe, instructions: Instructions, large: usize) -> Result<Self> {
        picture.check()?;
        let narrowed = if picture.data.len() < large { None } else { recipe.narrow(picture, instructions)? };
        let pixels = match narrowed {
            Some(narrowed) => Pixels::Narrowed(Box::new(narrowed)),
            None => Pixels::Whole(copied(picture.data)?),
        };
        let &Picture { width, height, channels, view, .. } = picture;
        Ok(Image { width, height, channels, pixels, view })
    }
}

impl Picture<'_> {
    fn check(&self) -> Result<()> {
        let &Picture { width, height, channels, .. } = self;
        let length = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels));
        if !(channels == 3 || channels == 4) || width == 0 || height == 0 || length != Some(self.data.len()) {
            refuse!(
                "Expected an image of width × height × channels bytes with 3 or 4 channels, received {width} × {height} × {channels} in {} bytes.",
                self.data.len()
            );
        }
        Ok(())
    }
}

fn copied(data: &[u8]) -> Result<Copied<u8>> {
    Copied::new(data, "an image")
}

impl CompiledPlan {
    /// What runs of this plan need of a picture for an image step, `input` in plan order. Nothing of the caller's is kept.
    pub fn take(&self, input: usize, picture: &Picture) -> Result<Image<'static>> {
        let recipe = self.program.steps.iter().find_map(|step| match &step.op {
            Op::Image { input: of, recipe } if *of == input => Some(recipe),
            _ => None,
        });
        let Some(recipe) = recipe else {
            refuse!("Expected images for {} image steps of plan `{}`, received more.", self.program.image_inputs.len(), self.program.name);
        };
        Image::taken(picture, recipe, self.instructions, LARGE)
    }
}
