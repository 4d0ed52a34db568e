//! Convolution of any stride, dilation and grouping through `gemm::multiply`. Depthwise has its own file.

use crate::error::Result;
use crate::gemm::{Epilogue, Instructions, Layout, Packed, Rows, block_rows, multiply};
use crate::program::Conv;
use crate::threads::Mode;

/// With fewer channels per group than this the taps are gathered into rows first: segments so short would spend the
/// time on loop overhead. Arbitrary within 4 … 16: between lie no layers of the networks we know.
const MIN_SEGMENT: usize = 8;

/// Weights of a convolution, one packed matrix a group.
#[derive(Debug, Clone)]
pub struct PackedConv {
    groups: Vec<Packed>,
    gather: bool,
    /// Taps as (y, x) in input pixels.
    taps: Vec<(usize, usize)>,
}

impl PackedConv {
    pub fn new(conv: &Conv, weight: &[f32]) -> Result<Self> {
        let depth = conv.input.channels / conv.groups;
        let filters = conv.output.channels / conv.groups;
        let [kernel_height, kernel_width] = conv.window.kernel;
        let [dilation_y, dilation_x] = conv.window.dilations;
        let taps: Vec<_> = (0..kernel_height).flat_map(|y| (0..kernel_width).map(move |x| (y * dilation_y, x * dilation_x))).collect();
        let groups = weight
            .chunks_exact(filters * taps.len() * depth)
            .map(|weight| Packed::from_rows(weight, taps.len() * depth, filters))
            .collect::<Result<_>>()?;
        Ok(PackedConv { groups, gather: taps.len() > 1 && depth < MIN_SEGMENT, taps })
    }
}

/// An output pixel: offset of its item in the input, and the input coordinates of tap (0, 0) plus the padding.
#[derive(Clone, Copy)]
struct Origin {
    item: usize,
    y: usize,
    x: usize,
}

/// Origins of the output pixels `first .. first + count`, counted through all items.
fn origins(conv: &Conv, first: usize, count: usize) -> Vec<Origin> {
    let pixels = conv.output.height * conv.output.width;
    let origin = |row: usize| {
        let (item, pixel) = (row / pixels, row % pixels);
        Origin {
            item: item * conv.input.size(),
            y: pixel / conv.output.width * conv.window.strides[0],
            x: pixel % conv.output.width * conv.window.strides[1],
        }
    };
    (first..first + count).map(origin).collect()
}

/// Offset in x of the pixel under a tap; `None` in the padding.
#[inline(always)]
fn under(conv: &Conv, origin: Origin, tap: (usize, usize)) -> Option<usize> {
    let y = (origin.y + tap.0).checked_sub(conv.window.top).filter(|&y| y < conv.input.height)?;
    let x = (origin.x + tap.1).checked_sub(conv.window.left).filter(|&x| x < conv.input.width)?;
    Some(origin.item + (y * conv.input.width + x) * conv.input.channels)
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
    let taps = packed.taps.as_slice();
    let stride = conv.output.channels;
    let zeros = vec![0.0; depth];
    // Neighbouring pixels share most of their taps: a row of A is mostly read where it overlaps others.
    let touched = if packed.gather { depth * taps.len() } else { depth * 2 };
    let rows_per_block = rows_per_chunk(mode, y.len() / stride, touched);
    mode.chunks(y, rows_per_block * stride, |block, y| {
        let first = block * rows_per_block;
        let rows = y.len() / stride;
        let residual = residual.map(|residual| &residual[first * stride..][..y.len()]);
        let origins = origins(conv, first, rows);
        let mut gathered = vec![0.0; if packed.gather { rows * taps.len() * depth } else { 0 }];
        for (group, weight) in packed.groups.iter().enumerate() {
            let epilogue = Epilogue { bias: bias.map(|bias| &bias[group * filters..][..filters]), residual, activation: conv.activation };
            let layout = Layout { stride, offset: group * filters };
            let from = group * depth;
            if packed.gather {
                gather(conv, taps, &origins, &x[from..], depth, &mut gathered);
                multiply(&Rows::dense(&gathered, rows, taps.len() * depth), weight, y, layout, epilogue, instructions);
            } else {
                let segment = |row: usize, tap: usize| -> &[f32] {
                    under(conv, origins[row], taps[tap]).map_or(&zeros[..], |offset| &x[offset + from..][..depth])
                };
                multiply(&Rows::new(rows, taps.len(), depth, segment), weight, y, layout, epilogue, instructions);
            }
        }
    });
}

/// Copies the inputs under all taps of each output pixel into one row. Taps of a kernel row that lie side by side in
/// memory are copied at once.
fn gather(conv: &Conv, taps: &[(usize, usize)], origins: &[Origin], x: &[f32], depth: usize, gathered: &mut [f32]) {
    let kernel_width = conv.window.kernel[1];
    let joined = conv.groups == 1 && conv.window.dilations[1] == 1;
    for (row, &origin) in gathered.chunks_exact_mut(taps.len() * depth).zip(origins) {
        for (target, taps) in row.chunks_exact_mut(kernel_width * depth).zip(taps.chunks_exact(kernel_width)) {
            match (under(conv, origin, taps[0]), under(conv, origin, taps[kernel_width - 1])) {
                (Some(start), Some(_)) if joined => target.copy_from_slice(&x[start..][..kernel_width * depth]),
                _ => {
                    for (target, &tap) in target.chunks_exact_mut(depth).zip(taps) {
                        match under(conv, origin, tap) {
                            Some(offset) => target.copy_from_slice(&x[offset..][..depth]),
                            None => target.fill(0.0),
                        }
                    }
                }
            }
        }
    }
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
