//! Recipe steps as the plan's JSON has them: `RecipeStep` of plugin-kit.

use crate::error::{Result, refuse};
use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    PillowNearest,
    PillowBox,
    PillowBilinear,
    PillowHamming,
    PillowBicubic,
    PillowLanczos,
    OpencvNearest,
    OpencvBilinear,
    OpencvArea,
    TorchNearest,
    TorchNearestExact,
    TorchBilinear,
    TorchBicubic,
    TorchBilinearAntialias,
    TorchBicubicAntialias,
    TensorflowAlignCorners,
    TensorflowHalfPixel,
}

impl Filter {
    /// Needs bytes, and gives bytes.
    pub fn is_byte(self) -> bool {
        use Filter::*;
        matches!(
            self,
            PillowNearest
                | PillowBox
                | PillowBilinear
                | PillowHamming
                | PillowBicubic
                | PillowLanczos
                | OpencvNearest
                | OpencvBilinear
                | OpencvArea
        )
    }

    /// Gives floats.
    pub fn makes_floats(self) -> bool {
        !self.is_byte() && !matches!(self, Filter::TorchNearest | Filter::TorchNearestExact)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PadMode {
    Constant,
    Reflect,
    Symmetric,
    Replicate,
    Wrap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    Centre,
    TopLeft,
    TopRight,
    BottomLeft,
    BottomRight,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    Horizontal,
    Vertical,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum RecipeStep {
    CentreCrop {
        width: usize,
        height: usize,
    },
    CornerCrop {
        corner: Place,
        width: usize,
        height: usize,
    },
    FiveCrop {
        width: usize,
        height: usize,
    },
    TenCrop {
        width: usize,
        height: usize,
    },
    RandomCrop {
        width: usize,
        height: usize,
        seed: u32,
        views: u32,
    },
    Flip {
        axis: Axis,
    },
    Pad {
        left: usize,
        top: usize,
        right: usize,
        bottom: usize,
        mode: PadMode,
        #[serde(default)]
        value: u8,
    },
    PadTo {
        width: usize,
        height: usize,
        place: Place,
        mode: PadMode,
        #[serde(default)]
        value: u8,
    },
    PadToSquare {
        place: Place,
        mode: PadMode,
        #[serde(default)]
        value: u8,
    },
    EvenTrim,
    Resize {
        filter: Filter,
        width: usize,
        height: usize,
    },
    ResizeShortSide {
        filter: Filter,
        size: usize,
    },
    ResizeLongSide {
        filter: Filter,
        size: usize,
    },
    Letterbox {
        filter: Filter,
        width: usize,
        height: usize,
        value: u8,
    },
    DropAlpha,
    Grey {
        channels: usize,
    },
    Bgr,
    Normalise {
        scale: f32,
        mean: Vec<f32>,
        deviation: Vec<f32>,
    },
    Round,
}

/// Sides that a recipe may ask for. Far above any network's input.
const MAX_SIDE: usize = 1 << 16;

impl RecipeStep {
    /// The filter of a step that resizes.
    pub fn filter(&self) -> Option<Filter> {
        match *self {
            RecipeStep::Resize { filter, .. }
            | RecipeStep::ResizeShortSide { filter, .. }
            | RecipeStep::ResizeLongSide { filter, .. }
            | RecipeStep::Letterbox { filter, .. } => Some(filter),
            _ => None,
        }
    }

    /// Sizes are of a kind that can be allocated at all.
    pub fn check(&self, step: &str) -> Result<()> {
        let (width, height) = match *self {
            RecipeStep::CentreCrop { width, height }
            | RecipeStep::CornerCrop { width, height, .. }
            | RecipeStep::FiveCrop { width, height }
            | RecipeStep::TenCrop { width, height }
            | RecipeStep::RandomCrop { width, height, .. }
            | RecipeStep::PadTo { width, height, .. }
            | RecipeStep::Resize { width, height, .. }
            | RecipeStep::Letterbox { width, height, .. } => (width, height),
            RecipeStep::ResizeShortSide { size, .. } | RecipeStep::ResizeLongSide { size, .. } => (size, size),
            RecipeStep::Pad { left, top, right, bottom, .. } => (left.max(right).max(1), top.max(bottom).max(1)),
            _ => return Ok(()),
        };
        if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
            refuse!("Expected sizes in the recipe of step `{step}` from 1 to {MAX_SIDE}, received {width} × {height}.");
        }
        Ok(())
    }
}
