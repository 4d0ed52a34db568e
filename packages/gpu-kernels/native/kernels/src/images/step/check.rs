//! The numbers of recipe steps: refused before anything is compiled where no step could be run with them.

use super::RecipeStep;
use crate::error::{Result, refuse};

/// Sides that a recipe may ask for. Far above any network's input.
const MAX_SIDE: usize = 1 << 16;

impl RecipeStep {
    /// Numbers are such that the step can be run at all.
    pub fn check(&self, step: &str) -> Result<()> {
        match *self {
            RecipeStep::Jpeg { quality, .. } if !(1..=100).contains(&quality) => {
                refuse!("Expected a quality from 1 to 100 in step `{step}`, received {quality}.");
            }
            RecipeStep::GaussianNoise { sigma, .. } if !(0.0..=255.0).contains(&sigma) => {
                refuse!("Expected a sigma from 0 to 255 in step `{step}`, received {sigma}.");
            }
            RecipeStep::GaussianBlur { sigma } if !(sigma > 0.0 && sigma <= 64.0) => {
                refuse!("Expected a sigma above 0 and up to 64 in step `{step}`, received {sigma}.");
            }
            RecipeStep::ResizeBy { factor, .. } | RecipeStep::ResizeAndBack { factor, .. } if !(0.01..=16.0).contains(&factor) => {
                refuse!("Expected a factor from 0.01 to 16 in step `{step}`, received {factor}.");
            }
            RecipeStep::Srm { filters } if filters != 3 && filters != 30 => {
                refuse!("Expected 3 or 30 SRM filters in step `{step}`, received {filters}.");
            }
            RecipeStep::FiveCropOnGrid { width, height, grid }
                if grid == 0 || !width.is_multiple_of(grid) || !height.is_multiple_of(grid) =>
            {
                refuse!("Expected sizes of whole cells of {grid} in step `{step}`, received {width} × {height}.");
            }
            RecipeStep::TexturePatches { patch, count, width, height, .. } => {
                let tiles = patch > 0 && width.is_multiple_of(patch) && height.is_multiple_of(patch);
                if !tiles || (width / patch).saturating_mul(height / patch) > count || count > MAX_SIDE {
                    refuse!("Expected {count} patches of side {patch} to tile {width} × {height} in step `{step}`.");
                }
            }
            _ => {}
        }
        self.check_sides(step)
    }

    fn check_sides(&self, step: &str) -> Result<()> {
        let (width, height) = match *self {
            RecipeStep::CentreCrop { width, height, .. }
            | RecipeStep::CornerCrop { width, height, .. }
            | RecipeStep::FiveCrop { width, height }
            | RecipeStep::FiveCropOnGrid { width, height, .. }
            | RecipeStep::TenCrop { width, height }
            | RecipeStep::RandomCrop { width, height, .. }
            | RecipeStep::PadTo { width, height, .. }
            | RecipeStep::TexturePatches { width, height, .. }
            | RecipeStep::Resize { width, height, .. }
            | RecipeStep::Letterbox { width, height, .. } => (width, height),
            RecipeStep::ResizeShortSide { size, .. } | RecipeStep::ResizeLongSide { size, .. } => (size, size),
            RecipeStep::AzimuthalMean { length } => (length, 1),
            RecipeStep::Pad { left, top, right, bottom, .. } => (left.max(right).max(1), top.max(bottom).max(1)),
            _ => return Ok(()),
        };
        if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
            refuse!("Expected sizes in the recipe of step `{step}` from 1 to {MAX_SIDE}, received {width} × {height}.");
        }
        Ok(())
    }
}
