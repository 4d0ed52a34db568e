//! Transposed convolution: a product gives each input pixel its whole window, and output rows then collect from the
//! windows that reach them. No two rows share what they write, so rows run on any number of threads.

use super::matmul::gemm_of_floats;
use crate::check::Checker;
use crate::error::{Result, allocate};
use crate::gemm::{Epilogue, Instructions, Packed};
use crate::program::{Activation, Extent, Window};
use crate::rules::{Fault, check_window, refuse_fault};
use crate::stored::Stored;
use crate::threads::Mode;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct PlanConvTranspose {
    x: i64,
    weight: String,
    bias: Option<String>,
    strides: [usize; 2],
    pads: [usize; 2],
    dilations: [usize; 2],
    groups: usize,
}

#[derive(Debug, Clone)]
pub struct ConvTranspose {
    pub x: usize,
    pub weight: usize,
    pub bias: Option<usize>,
    pub input: Extent,
    pub output: Extent,
    pub window: Window,
    pub groups: usize,
}

impl PlanConvTranspose {
    pub fn check(&self, checker: &Checker, step: &str, output: usize) -> std::result::Result<ConvTranspose, Fault> {
        let (x, weight) = (checker.value(step, self.x)?, checker.weight(step, &self.weight)?);
        let (input, extent) = (checker.extent(step, x)?, checker.extent(step, output)?);
        let &[filters, kernel_height, kernel_width, depth] = checker.weight_shapes[weight] else {
            return refuse_fault(format!(
                "Expected the weight of step `{step}` to be [outputChannels, height, width, inputChannels / groups], received {:?}.",
                checker.weight_shapes[weight]
            ));
        };
        let groups = self.groups;
        if groups == 0 || !filters.is_multiple_of(groups) || depth.checked_mul(groups) != Some(input.channels) {
            refuse_fault(format!(
                "Expected {} input and {filters} output channels of step `{step}` to fall into {groups} groups of depth {depth}.",
                input.channels
            ))?;
        }
        if extent.channels != filters {
            checker.expect_output(step, output, &[extent.height, extent.width, filters])?;
        }
        let [top, left] = self.pads;
        let window = check_window(step, [kernel_height, kernel_width], self.strides, self.dilations, [top, left, 0, 0])?;
        Ok(ConvTranspose { x, weight, bias: checker.bias(step, self.bias.as_ref(), filters)?, input, output: extent, window, groups })
    }
}

impl ConvTranspose {
    /// One matrix a group, `[depth, taps · filters]`: the window that one input pixel adds.
    pub fn pack(&self, weight: &[f32]) -> Result<Vec<Packed>> {
        let taps = self.window.kernel[0] * self.window.kernel[1];
        let (depth, filters) = (self.input.channels / self.groups, self.output.channels / self.groups);
        let pack = |weight: &[f32]| {
            // [filters, taps, depth] → [taps, filters, depth], whose rows are the columns of the product.
            let rows = (0..taps).flat_map(|tap| (0..filters).map(move |filter| filter * taps + tap));
            let turned: Vec<f32> = rows.flat_map(|row| &weight[row * depth..][..depth]).copied().collect();
            Packed::from_stored(Stored::plain(&turned), depth, taps * filters)
        };
        weight.chunks_exact(filters * taps * depth).map(pack).collect()
    }
}

pub fn conv_transpose(
    mode: Mode,
    op: &ConvTranspose,
    packed: &[Packed],
    x: &[f32],
    bias: Option<&[f32]>,
    y: &mut [f32],
    instructions: Instructions,
) -> Result<()> {
    let (depth, filters) = (op.input.channels / op.groups, op.output.channels / op.groups);
    let columns = op.window.kernel[0] * op.window.kernel[1] * filters;
    let pixels = op.input.height * op.input.width;
    let mut windows = allocate(pixels * columns, "the windows of a transposed convolution")?;
    let mut gathered = allocate(if op.groups > 1 { pixels * depth } else { 0 }, "one group of channels")?;
    let plain = Epilogue { bias: None, residual: None, activation: Activation::NONE };
    for pixel in y.chunks_exact_mut(op.output.channels) {
        match bias {
            Some(bias) => pixel.copy_from_slice(bias),
            None => pixel.fill(0.0),
        }
    }
    for (x, y) in x.chunks_exact(op.input.size()).zip(y.chunks_exact_mut(op.output.size())) {
        for (group, packed) in packed.iter().enumerate() {
            let from = if op.groups > 1 {
                for (to, from) in gathered.chunks_exact_mut(depth).zip(x.chunks_exact(op.input.channels)) {
                    to.copy_from_slice(&from[group * depth..][..depth]);
                }
                &gathered[..]
            } else {
                x
            };
            gemm_of_floats(mode, from, packed, &mut windows, plain, instructions);
            collect(mode, op, &windows, group * filters, filters, y);
        }
    }
    Ok(())
}

/// Adds to channels `first .. first + filters` of every output pixel what the windows of the input hold for it.
fn collect(mode: Mode, op: &ConvTranspose, windows: &[f32], first: usize, filters: usize, y: &mut [f32]) {
    let Window { kernel, strides, dilations, top, left } = op.window;
    let channels = op.output.channels;
    let columns = kernel[0] * kernel[1] * filters;
    // The input row (or column) whose tap lies on `at`, if there is one.
    let source = |at: usize, tap: usize, axis: usize, size: usize| -> Option<usize> {
        let offset = at.checked_sub(tap * dilations[axis])?;
        (offset.is_multiple_of(strides[axis]) && offset / strides[axis] < size).then_some(offset / strides[axis])
    };
    mode.chunks(y, op.output.width * channels, |row, y| {
        for tap_y in 0..kernel[0] {
            let Some(from_y) = source(row + top, tap_y, 0, op.input.height) else { continue };
            for (column, pixel) in y.chunks_exact_mut(channels).enumerate() {
                for tap_x in 0..kernel[1] {
                    let Some(from_x) = source(column + left, tap_x, 1, op.input.width) else { continue };
                    let at = (from_y * op.input.width + from_x) * columns + (tap_y * kernel[1] + tap_x) * filters;
                    for (y, &add) in pixel[first..first + filters].iter_mut().zip(&windows[at..]) {
                        *y += add;
                    }
                }
            }
        }
    });
}
