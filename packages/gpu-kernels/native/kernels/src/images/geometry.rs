//! Which pixels the geometry steps keep, and which sizes the resize steps give: src/image-ops/geometry.ts once more.

use super::maps::{self, Map};
use super::step::{Axis, Halves, PadMode, Place, RecipeStep};
use crate::error::{Result, refuse};

/// Width, height.
pub type Size = (usize, usize);

/// Output pixel (x, y) is source pixel (`x[x]`, `y[y]`), or `fill`.
pub struct Maps {
    pub x: Map,
    pub y: Map,
    pub fill: u8,
}

/// Part of an image: first column and row, size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub left: usize,
    pub top: usize,
    pub width: usize,
    pub height: usize,
}

impl Window {
    pub fn whole((width, height): Size) -> Self {
        Window { left: 0, top: 0, width, height }
    }
}

impl Maps {
    /// The part of an image that is read at all.
    pub fn window(&self) -> Window {
        let along = |map: &Map| {
            let first = map.iter().flatten().copied().min().unwrap_or(0);
            (first, map.iter().flatten().copied().max().unwrap_or(first) + 1 - first)
        };
        let ((left, width), (top, height)) = (along(&self.x), along(&self.y));
        Window { left, top, width, height }
    }

    /// The same, of an image that is only that part.
    pub fn within(mut self, window: Window) -> Self {
        self.x.iter_mut().flatten().for_each(|x| *x -= window.left);
        self.y.iter_mut().flatten().for_each(|y| *y -= window.top);
        self
    }

    pub fn is_identity(&self, (width, height): Size) -> bool {
        let along = |map: &Map, size: usize| map.len() == size && map.iter().enumerate().all(|(at, from)| *from == Some(at));
        along(&self.x, width) && along(&self.y, height)
    }
}

/// The centre: pads by half the lack (smaller half first), or crops from half the excess, a half to even (torchvision) or down (albumentations).
fn centre(have: usize, want: usize, halves: Halves) -> isize {
    if want > have {
        return -(((want - have) / 2) as isize);
    }
    let half = (have - want) / 2;
    let up = halves == Halves::Even && (have - want) % 2 == 1 && half % 2 == 1;
    (half + usize::from(up)) as isize
}

fn crop_at((width, height): Size, left: isize, top: isize, crop: Size) -> Maps {
    Maps { x: maps::crop(width, left, crop.0), y: maps::crop(height, top, crop.1), fill: 0 }
}

fn require_inside(size: Size, crop: Size) -> Result<()> {
    if crop.0 > size.0 || crop.1 > size.1 {
        refuse!("Expected an image at least as large as a crop of {} × {}, received {} × {}.", crop.0, crop.1, size.0, size.1);
    }
    Ok(())
}

fn is_right(place: Place) -> bool {
    matches!(place, Place::TopRight | Place::BottomRight)
}

fn is_bottom(place: Place) -> bool {
    matches!(place, Place::BottomLeft | Place::BottomRight)
}

fn crop_in(size: Size, corner: Place, crop: Size) -> Result<Maps> {
    require_inside(size, crop)?;
    if corner == Place::Centre {
        return Ok(crop_at(size, centre(size.0, crop.0, Halves::Even), centre(size.1, crop.1, Halves::Even), crop));
    }
    let left = if is_right(corner) { size.0 - crop.0 } else { 0 };
    let top = if is_bottom(corner) { size.1 - crop.1 } else { 0 };
    Ok(crop_at(size, left as isize, top as isize, crop))
}

const CORNERS: [Place; 5] = [Place::TopLeft, Place::TopRight, Place::BottomLeft, Place::BottomRight, Place::Centre];

/// Five crops on whole cells of a grid; where a side is too short, all are the top left of the cells, tiled.
fn grid_crop(size: Size, view: u32, crop: Size, grid: usize) -> Result<Maps> {
    let whole = (size.0 - size.0 % grid, size.1 - size.1 % grid);
    if whole.0 == 0 || whole.1 == 0 {
        refuse!("Expected an image at least as large as a cell of {grid}, received {} × {}.", size.0, size.1);
    }
    let is_tiled = whole.0 < crop.0 || whole.1 < crop.1;
    let corner = if is_tiled { Place::TopLeft } else { CORNERS[view as usize % 5] };
    let along = |have: usize, want: usize, is_last: bool| -> Map {
        let excess = have.saturating_sub(want);
        let start = match corner {
            Place::Centre => grid * (excess / (2 * grid)),
            _ if is_last => excess,
            _ => 0,
        };
        (0..want).map(|index| Some((start + index) % have)).collect()
    };
    Ok(Maps { x: along(whole.0, crop.0, is_right(corner)), y: along(whole.1, crop.1, is_bottom(corner)), fill: 0 })
}

/// Views 5 to 9 are the crops of the mirrored image.
fn ten_crop(size: Size, view: u32, crop: Size) -> Result<Maps> {
    let mut maps = crop_in(size, CORNERS[view as usize % 5], crop)?;
    if view >= 5 {
        maps.x.iter_mut().flatten().for_each(|x| *x = size.0 - 1 - *x);
    }
    Ok(maps)
}

/// src/image-ops/counter-hash.ts: MurmurHash3's finaliser, word by word.
pub fn hash(words: &[u32]) -> u32 {
    words.iter().fold(0x9e37_79b9, |hash: u32, word| {
        let hash = (hash ^ word).wrapping_add(0x9e37_79b9);
        let hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
        let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        hash ^ (hash >> 16)
    })
}

fn random_crop(size: Size, seed: u32, view: u32, crop: Size) -> Result<Maps> {
    require_inside(size, crop)?;
    let offset = |axis: u32, excess: usize| {
        let drawn = u64::from(hash(&[seed, view, size.0 as u32, size.1 as u32, axis]));
        ((drawn * (excess as u64 + 1)) >> 32) as isize
    };
    Ok(crop_at(size, offset(0, size.0 - crop.0), offset(1, size.1 - crop.1), crop))
}

fn pad_to(size: Size, want: Size, place: Place, mode: PadMode, fill: u8) -> Maps {
    let along = |have: usize, want: usize, is_last: bool| {
        let lack = want.saturating_sub(have);
        let before = match place {
            Place::Centre => lack / 2,
            _ if is_last => lack,
            _ => 0,
        };
        maps::pad(have, before, lack - before, mode)
    };
    Maps { x: along(size.0, want.0, is_right(place)), y: along(size.1, want.1, is_bottom(place)), fill }
}

fn even(length: usize) -> Result<usize> {
    if length == 1 {
        refuse!("Expected an image more than one pixel wide and high for its even part.");
    }
    Ok(length - length % 2)
}

/// The maps of a step that moves pixels, or none for another step.
pub fn maps_of(step: &RecipeStep, size: Size, view: u32) -> Result<Option<Maps>> {
    let all = |x: Map, y: Map| Maps { x, y, fill: 0 };
    Ok(Some(match *step {
        RecipeStep::CentreCrop { width, height, halves } => {
            crop_at(size, centre(size.0, width, halves), centre(size.1, height, halves), (width, height))
        }
        RecipeStep::FiveCropOnGrid { width, height, grid } => grid_crop(size, view, (width, height), grid)?,
        RecipeStep::CornerCrop { corner, width, height } => crop_in(size, corner, (width, height))?,
        RecipeStep::FiveCrop { width, height } | RecipeStep::TenCrop { width, height } => ten_crop(size, view, (width, height))?,
        RecipeStep::RandomCrop { width, height, seed, .. } => random_crop(size, seed, view, (width, height))?,
        RecipeStep::Flip { axis: Axis::Horizontal } => all(maps::flip(size.0), maps::crop(size.1, 0, size.1)),
        RecipeStep::Flip { axis: Axis::Vertical } => all(maps::crop(size.0, 0, size.0), maps::flip(size.1)),
        RecipeStep::Pad { left, top, right, bottom, mode, value } => {
            Maps { x: maps::pad(size.0, left, right, mode), y: maps::pad(size.1, top, bottom, mode), fill: value }
        }
        RecipeStep::PadTo { width, height, place, mode, value } => pad_to(size, (width, height), place, mode, value),
        RecipeStep::PadToSquare { place, mode, value } => {
            let side = size.0.max(size.1);
            pad_to(size, (side, side), place, mode, value)
        }
        RecipeStep::EvenTrim => crop_at(size, 0, 0, (even(size.0)?, even(size.1)?)),
        _ => return Ok(None),
    }))
}

pub fn letterbox_maps(inner: Size, want: Size, fill: u8) -> Maps {
    pad_to(inner, want, Place::Centre, PadMode::Constant, fill)
}

/// The size that a step resizes to, or none for another step.
pub fn resized_size(step: &RecipeStep, (width, height): Size) -> Option<Size> {
    let along = |size: usize, short: usize, long: usize| (size.saturating_mul(long) / short).max(1);
    let rounded = |side: f64| (side.round_ties_even() as usize).max(1);
    Some(match *step {
        RecipeStep::Resize { width, height, .. } => (width, height),
        RecipeStep::ResizeShortSide { size, .. } if width <= height => (size, along(size, width, height)),
        RecipeStep::ResizeShortSide { size, .. } => (along(size, height, width), size),
        RecipeStep::ResizeLongSide { size, .. } => {
            let short = rounded(size as f64 * width.min(height) as f64 / width.max(height) as f64);
            if width >= height { (size, short) } else { (short, size) }
        }
        RecipeStep::Letterbox { width: to_width, height: to_height, .. } => {
            let ratio = (to_height as f64 / height as f64).min(to_width as f64 / width as f64);
            (rounded(width as f64 * ratio), rounded(height as f64 * ratio))
        }
        RecipeStep::ResizeBy { factor, .. } | RecipeStep::ResizeAndBack { factor, .. } => {
            (rounded(width as f64 * factor), rounded(height as f64 * factor))
        }
        _ => return None,
    })
}
