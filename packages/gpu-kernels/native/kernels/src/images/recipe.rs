//! A recipe, checked once and run image by image.

use super::apply::apply;
use super::arrival::{Image, Picture, Pixels};
use super::geometry::{Maps, Size, Window, letterbox_maps, maps_of, resized_size};
use super::narrowed::Narrowed;
use super::raster::{Raster, Samples, check_samples};
use super::step::{Filter, RecipeStep};
use super::{pillow, resize};
use crate::error::{Error, Result, refuse};
use crate::gemm::Instructions;
use crate::threads::Mode;
use std::borrow::Cow;

#[derive(Debug, Clone)]
pub struct Recipe {
    steps: Vec<RecipeStep>,
    keeps_alpha: bool,
    height: usize,
    width: usize,
    channels: usize,
}

impl Recipe {
    /// `height`, `width` and `channels` are those of the step's output. Which recipes make sense is `checkRecipe`'s to
    /// say, in the planner; here is checked what memory safety and finite numbers need.
    pub fn new(step: &str, recipe: &[RecipeStep], [height, width, channels]: [usize; 3]) -> Result<Self> {
        let mut is_float = false;
        let mut found = 3;
        for part in recipe {
            part.check(step)?;
            if is_float && part.needs_bytes() {
                return Err(Error::OpUnsupported(format!(
                    "{part:?} works on 8-bit pixels, and the step before it in `{step}` gives floats"
                )));
            }
            if !is_float && part.needs_floats() {
                refuse!("Expected {part:?} of step `{step}` to work on floats, not bytes.");
            }
            match part {
                &RecipeStep::Grey { channels } if channels == 1 || channels == 3 => found = channels,
                RecipeStep::Grey { channels } => refuse!("Expected 1 or 3 grey channels in step `{step}`, received {channels}."),
                &RecipeStep::Srm { filters } => found = filters,
                RecipeStep::Bgr | RecipeStep::Jpeg { .. } if found != 3 => {
                    refuse!("Expected three channels for {part:?} in step `{step}`, received {found}.");
                }
                RecipeStep::Normalise { scale, mean, deviation } => check_normalise(step, *scale, mean, deviation, found)?,
                _ => {}
            }
            is_float |= matches!(part, RecipeStep::Normalise { .. }) || part.filter().is_some_and(Filter::makes_floats);
        }
        if !recipe.iter().any(|part| matches!(part, RecipeStep::Normalise { .. })) {
            refuse!("Expected the recipe of step `{step}` to have a normalise.");
        }
        if found != channels {
            refuse!("Expected the recipe of step `{step}` to give {channels} channels, it gives {found}.");
        }
        let keeps_alpha = recipe.iter().any(|part| matches!(part, RecipeStep::DropAlpha));
        Ok(Recipe { steps: recipe.to_vec(), keeps_alpha, height, width, channels })
    }

    /// Writes `[height, width, channels]` floats.
    pub fn run(&self, mode: Mode, image: &Image, y: &mut [f32], instructions: Instructions) -> Result<()> {
        let (data, mut narrowed) = match &image.pixels {
            Pixels::Whole(data) => (&**data, None),
            Pixels::Lent(data) => (*data, None),
            // Of its pixels nothing but this is left, which the first step reads.
            Pixels::Narrowed(narrowed) => (&[][..], Some(narrowed.as_ref())),
        };
        let mut raster = Raster {
            width: image.width,
            height: image.height,
            channels: self.kept(image.channels),
            samples: Samples::Bytes { stride: image.channels, data: Cow::Borrowed(data) },
        };
        let mut steps = self.steps.as_slice();
        while let Some((step, rest)) = steps.split_first() {
            steps = rest;
            if let Some(size) = resized_size(step, raster.size()) {
                let used;
                (raster, used) = resize_and_place(mode, raster, narrowed.take(), step, size, steps.first(), image.view, instructions)?;
                steps = &steps[usize::from(used)..];
            } else if narrowed.is_some() {
                return Err(Error::InvariantBroken(format!("Expected a narrowed image to be resized first, received {step:?}.")));
            } else if let Some(maps) = maps_of(step, raster.size(), image.view)? {
                raster = raster.gather(mode, &maps)?;
            } else if let (RecipeStep::Normalise { scale, mean, deviation }, []) = (step, steps) {
                self.check_end(&raster)?;
                return normalise(mode, &raster, *scale, mean, deviation, y);
            } else {
                raster = apply(mode, raster, step, instructions)?;
            }
        }
        self.check_end(&raster)?;
        let Samples::Floats(data) = &raster.samples else {
            return Err(Error::InvariantBroken("Expected a recipe to end in floats.".into()));
        };
        y.copy_from_slice(data);
        Ok(())
    }

    /// Channels of an image that the recipe works on.
    fn kept(&self, channels: usize) -> usize {
        if self.keeps_alpha { channels } else { 3 }
    }

    /// The first half of the first step. None where the step has no halves, or where a copy takes less time.
    pub(super) fn narrow(&self, picture: &Picture, instructions: Instructions) -> Result<Option<Narrowed>> {
        let &Picture { width, height, channels, data, view } = picture;
        let Some(step) = self.steps.first() else { return Ok(None) };
        let (Some(filter), Some(size)) = (step.filter(), resized_size(step, (width, height))) else { return Ok(None) };
        let (_, window) = kept_of(step, size, self.steps.get(1), view)?;
        check_samples((window.width, window.height), self.kept(channels))?;
        let kept = self.kept(channels);
        let source = pillow::Source { width, height, channels, kept, by_alpha: kept == 4, data };
        Narrowed::new(&source, (filter, size, window), instructions)
    }

    fn check_end(&self, raster: &Raster) -> Result<()> {
        if (raster.width, raster.height, raster.channels) != (self.width, self.height, self.channels) {
            refuse!(
                "Expected the recipe to give {} × {} × {} numbers, an image gave {} × {} × {}.",
                self.width,
                self.height,
                self.channels,
                raster.width,
                raster.height,
                raster.channels
            );
        }
        Ok(())
    }
}

fn check_normalise(step: &str, scale: f32, mean: &[f32], deviation: &[f32], channels: usize) -> Result<()> {
    let are_finite = mean.iter().chain(deviation).all(|value| value.is_finite());
    if mean.len() != channels || deviation.len() != channels || !are_finite {
        refuse!("Expected mean and deviation of step `{step}` to be {channels} finite numbers each, received {mean:?} and {deviation:?}.");
    }
    if deviation.contains(&0.0) || !scale.is_finite() {
        refuse!("Expected a finite scale and deviations other than 0 in step `{step}`, received {scale} and {deviation:?}.");
    }
    Ok(())
}

/// What the next step keeps of an image that this one resizes, and the window of it that is resized at all.
fn kept_of(step: &RecipeStep, size: Size, next: Option<&RecipeStep>, view: u32) -> Result<(Option<Maps>, Window)> {
    let kept = match *step {
        RecipeStep::Letterbox { width, height, value, .. } => Some(letterbox_maps(size, (width, height), value)),
        RecipeStep::ResizeAndBack { .. } => None,
        _ => next.map(|next| maps_of(next, size, view)).transpose()?.flatten(),
    };
    let window = kept.as_ref().map_or(Window::whole(size), |maps| maps.window());
    Ok((kept, window))
}

/// Resizes what the next step keeps, and says whether that step is done with it.
fn resize_and_place<'a>(
    mode: Mode,
    raster: Raster<'a>,
    narrowed: Option<&Narrowed>,
    step: &RecipeStep,
    size: Size,
    next: Option<&RecipeStep>,
    view: u32,
    instructions: Instructions,
) -> Result<(Raster<'a>, bool)> {
    let Some(filter) = step.filter() else {
        return Err(Error::InvariantBroken("Expected a step that resizes to name a filter.".into()));
    };
    let (kept, window) = kept_of(step, size, next, view)?;
    let before = raster.size();
    let resized = match narrowed {
        Some(narrowed) => narrowed.resize(mode, (filter, size, window))?,
        None => resize::resize(mode, raster, filter, size, window, instructions)?,
    };
    if let RecipeStep::ResizeAndBack { .. } = step {
        return Ok((resize::resize(mode, resized, filter, before, Window::whole(before), instructions)?, false));
    }
    let Some(maps) = kept else { return Ok((resized, false)) };
    let placed = resized.gather(mode, &maps.within(window))?;
    Ok((placed, !matches!(step, RecipeStep::Letterbox { .. })))
}

pub fn normalise(mode: Mode, raster: &Raster, scale: f32, mean: &[f32], deviation: &[f32], y: &mut [f32]) -> Result<()> {
    let (channels, row_length) = (raster.channels, raster.width * raster.channels);
    // Written out for a row, so that the loops below have nothing but numbers in them.
    let along = |numbers: &[f32]| numbers.iter().copied().cycle().take(row_length).collect::<Vec<_>>();
    let (mean, deviation) = (along(mean), along(deviation));
    let normalised = |value: f32, mean: f32, deviation: f32| (value * scale - mean) / deviation;
    match &raster.samples {
        Samples::Bytes { stride, data } if *stride == channels => mode.chunks(y, row_length, |row, y| {
            for (((y, &value), mean), deviation) in y.iter_mut().zip(&data[row * row_length..]).zip(&mean).zip(&deviation) {
                *y = normalised(f32::from(value), *mean, *deviation);
            }
        }),
        Samples::Bytes { stride, data } => mode.chunks(y, row_length, |row, y| {
            let pixels = data[row * raster.width * stride..].chunks_exact(*stride).flat_map(|pixel| &pixel[..channels]);
            for (((y, &value), mean), deviation) in y.iter_mut().zip(pixels).zip(&mean).zip(&deviation) {
                *y = normalised(f32::from(value), *mean, *deviation);
            }
        }),
        Samples::Floats(data) => mode.chunks(y, row_length, |row, y| {
            for (((y, &value), mean), deviation) in y.iter_mut().zip(&data[row * row_length..]).zip(&mean).zip(&deviation) {
                *y = normalised(value, *mean, *deviation);
            }
        }),
    }
    Ok(())
}
