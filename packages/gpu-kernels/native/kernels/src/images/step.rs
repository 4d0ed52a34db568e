//! Recipe steps as the plan's JSON has them: `RecipeStep` of plugin-kit.

use serde::Deserialize;

mod check;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    Rich,
    Poor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Chroma {
    #[serde(rename = "4:2:0")]
    Half,
    #[serde(rename = "4:4:4")]
    Full,
}

/// Where half of an odd excess goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Halves {
    #[default]
    Even,
    Down,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum RecipeStep {
    CentreCrop {
        width: usize,
        height: usize,
        #[serde(default)]
        halves: Halves,
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
    FiveCropOnGrid {
        width: usize,
        height: usize,
        grid: usize,
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
    ResizeBy {
        filter: Filter,
        factor: f64,
    },
    ResizeAndBack {
        filter: Filter,
        factor: f64,
    },
    Jpeg {
        quality: u32,
        chroma: Chroma,
    },
    GaussianNoise {
        sigma: f64,
        seed: u32,
    },
    TexturePatches {
        patch: usize,
        count: usize,
        keep: Keep,
        width: usize,
        height: usize,
        seed: u32,
    },
    GaussianBlur {
        sigma: f64,
    },
    Log {
        epsilon: f32,
    },
    Npr,
    DiagonalGradient,
    Laplacian,
    Srm {
        filters: usize,
    },
    Dct,
    DwtHh,
    PowerSpectrum,
    AzimuthalMean {
        length: usize,
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

impl RecipeStep {
    /// The filter of a step that resizes.
    pub fn filter(&self) -> Option<Filter> {
        match *self {
            RecipeStep::Resize { filter, .. }
            | RecipeStep::ResizeShortSide { filter, .. }
            | RecipeStep::ResizeLongSide { filter, .. }
            | RecipeStep::ResizeBy { filter, .. }
            | RecipeStep::ResizeAndBack { filter, .. }
            | RecipeStep::Letterbox { filter, .. } => Some(filter),
            _ => None,
        }
    }

    /// Works on floats only.
    pub fn needs_floats(&self) -> bool {
        use RecipeStep::*;
        matches!(
            self,
            Round | Log { .. } | Npr | DiagonalGradient | Laplacian | Srm { .. } | Dct | DwtHh | PowerSpectrum | AzimuthalMean { .. }
        )
    }

    /// Works on bytes only.
    pub fn needs_bytes(&self) -> bool {
        use RecipeStep::*;
        matches!(self, DropAlpha | Grey { .. } | Bgr | Jpeg { .. } | GaussianNoise { .. } | TexturePatches { .. })
            || self.filter().is_some_and(Filter::is_byte)
    }
}
