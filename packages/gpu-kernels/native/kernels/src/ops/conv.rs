//! Convolution of any stride, dilation and grouping through `gemm::multiply`. Depthwise has its own file.

use crate::error::Result;
use crate::gemm::{Epilogue, Instructions, Layout, Packed, Rows, block_rows, multiply};
use crate::program::{Conv, Window};
use crate::threads::Mode;

/// With fewer channels per group than this the taps are gathered into rows first: segments so short would spend the
/// time on loop overhead. Arbitrary within 4 … 16: between lie no layers of the networks we know.
const MIN_SEGMENT: usize = 8;

/// Weights of a convolution, one packed matrix a group.
#[derive(Debug, Clone)]
pub struct PackedConv {
    groups: Vec<Packed>,
    gather: bool,
}

impl PackedConv {
    pub fn new(conv: &Conv, weight: &[f32]) -> Result<Self> {
        let depth = conv.input.channels / conv.groups;
        let filters = conv.output.channels / conv.groups;
        let taps = conv.window.kernel[0] * conv.window.kernel[1];
        let groups = weight
            .chunks_exact(filters * taps * depth)
            .map(|weight| Packed::from_rows(weight, taps * depth, filters))
            .collect::<Result<_>>()?;
        Ok(PackedConv { groups, gather: taps > 1 && depth < MIN_SEGMENT })
    }
}

/// Input coordinate that output coordinate `at` meets with kernel tap `tap`; `None` in the padding.
#[inline(always)]
pub fn source(at: usize, tap: usize, stride: usize, dilation: usize, before: usize, size: usize) -> Option<usize> {
    (at * stride + tap * dilation).checked_sub(before).filter(|&from| from < size)
}

/// Offset in one input item of the pixel under tap `tap` at output pixel `pixel`; `None` in the padding.
fn pixel_under(conv: &Conv, pixel: usize, tap: usize) -> Option<usize> {
    let Window { kernel, strides, dilations, top, left } = conv.window;
    let (y, x) = (pixel / conv.output.width, pixel % conv.output.width);
    let from_y = source(y, tap / kernel[1], strides[0], dilations[0], top, conv.input.height)?;
    let from_x = source(x, tap % kernel[1], strides[1], dilations[1], left, conv.input.width)?;
    Some((from_y * conv.input.width + from_x) * conv.input.channels)
}

pub fn conv2d(
    mode: Mode,
    conv: &Conv,
    packed: &PackedConv,
    x: &[f32],
    bias: Option<&[f32]>,
    residual: Option<&[f32]>,
    y: &mut [f32],
    instructions: Instructions,
) {
    let depth = conv.input.channels / conv.groups;
    let filters = conv.output.channels / conv.groups;
    let taps = conv.window.kernel[0] * conv.window.kernel[1];
    let pixels = conv.output.height * conv.output.width;
    let stride = conv.output.channels;
    let zeros = vec![0.0; depth];
    let rows_per_block = rows_per_chunk(mode, y.len() / stride, depth * taps);
    mode.chunks(y, rows_per_block * stride, |block, y| {
        let first = block * rows_per_block;
        let rows = y.len() / stride;
        let residual = residual.map(|residual| &residual[first * stride..][..y.len()]);
        // Row r of the block is output pixel (first + r) of the run of items.
        let segment = |row: usize, tap: usize, group: usize| -> &[f32] {
            let (item, pixel) = ((first + row) / pixels, (first + row) % pixels);
            match pixel_under(conv, pixel, tap) {
                Some(offset) => &x[item * conv.input.size() + offset + group * depth..][..depth],
                None => &zeros,
            }
        };
        let mut gathered = vec![0.0; if packed.gather { rows * taps * depth } else { 0 }];
        for (group, weight) in packed.groups.iter().enumerate() {
            let epilogue = Epilogue { bias: bias.map(|bias| &bias[group * filters..][..filters]), residual, activation: conv.activation };
            let layout = Layout { stride, offset: group * filters };
            if packed.gather {
                for (index, target) in gathered.chunks_exact_mut(depth).enumerate() {
                    target.copy_from_slice(segment(index / taps, index % taps, group));
                }
                multiply(&Rows::dense(&gathered, rows, taps * depth), weight, y, layout, epilogue, instructions);
            } else {
                let rows = Rows::new(rows, taps, depth, |row, tap| segment(row, tap, group));
                multiply(&rows, weight, y, layout, epilogue, instructions);
            }
        }
    });
}

/// Rows per chunk: what the cache wants, but in parallel no more than gives every thread some.
pub fn rows_per_chunk(mode: Mode, rows: usize, floats_per_row: usize) -> usize {
    let block = block_rows(floats_per_row);
    match mode {
        Mode::Sequential => block,
        Mode::Parallel => {
            let share = rows.div_ceil(rayon::current_num_threads()).next_multiple_of(crate::gemm::TILE_ROWS);
            block.min(share)
        }
    }
}
