//! Convolution of any stride, dilation and grouping through `gemm::multiply`. Depthwise has its own file.

use crate::error::Result;
use crate::gemm::{Epilogue, Instructions, Layout, Packed, Rows, product};
use crate::program::{Conv, Extent};
use crate::threads::Mode;
use std::ops::Range;

/// With fewer channels per group than this the taps are gathered into rows first: segments so short would spend the
/// time on loop overhead. Arbitrary within 4 … 16: between lie no layers of the networks we know.
const MIN_SEGMENT: usize = 8;

/// Weights of a convolution, one packed matrix a group.
#[derive(Debug, Clone)]
pub struct PackedConv {
    groups: Vec<Packed>,
    gather: bool,
    /// Taps in input pixels.
    rows: Vec<usize>,
    columns: Vec<usize>,
}

impl PackedConv {
    pub fn new(conv: &Conv, weight: &[f32]) -> Result<Self> {
        let depth = conv.input.channels / conv.groups;
        let filters = conv.output.channels / conv.groups;
        let taps_of = |axis: usize| (0..conv.window.kernel[axis]).map(|tap| tap * conv.window.dilations[axis]).collect::<Vec<_>>();
        let (rows, columns) = (taps_of(0), taps_of(1));
        let taps = rows.len() * columns.len();
        let groups = weight
            .chunks_exact(filters * taps * depth)
            .map(|weight| Packed::from_rows(weight, taps * depth, filters))
            .collect::<Result<_>>()?;
        Ok(PackedConv { groups, gather: taps > 1 && depth < MIN_SEGMENT, rows, columns })
    }
}

/// Walks over the output pixels of all items in order.
struct Walk<'a> {
    conv: &'a Conv,
    item: usize,
    /// Output coordinates.
    y: usize,
    x: usize,
}

impl<'a> Walk<'a> {
    fn from(conv: &'a Conv, pixel: usize) -> Self {
        let Extent { height, width, .. } = conv.output;
        Walk { conv, item: pixel / (height * width), y: pixel / width % height, x: pixel % width }
    }

    fn next(&mut self) {
        self.x += 1;
        if self.x == self.conv.output.width {
            (self.x, self.y) = (0, self.y + 1);
            if self.y == self.conv.output.height {
                (self.y, self.item) = (0, self.item + 1);
            }
        }
    }

    /// Offset in x of the first pixel of the input row under a tap; `None` in the padding.
    #[inline(always)]
    fn row_under(&self, tap: usize) -> Option<usize> {
        let Conv { input, window, .. } = self.conv;
        let y = (self.y * window.strides[0] + tap).checked_sub(window.top).filter(|&y| y < input.height)?;
        Some((self.item * input.height + y) * input.width * input.channels)
    }

    /// Offset within that row of the pixel under a tap; `None` in the padding.
    #[inline(always)]
    fn column_under(&self, tap: usize) -> Option<usize> {
        let Conv { input, window, .. } = self.conv;
        let x = (self.x * window.strides[1] + tap).checked_sub(window.left).filter(|&x| x < input.width)?;
        Some(x * input.channels)
    }
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
    let taps = packed.rows.len() * packed.columns.len();
    let stride = conv.output.channels;
    let zeros = vec![0.0; depth];
    for (group, weight) in packed.groups.iter().enumerate() {
        let epilogue = Epilogue { bias: bias.map(|bias| &bias[group * filters..][..filters]), residual, activation: conv.activation };
        let layout = Layout { stride, offset: group * filters };
        let x = &x[group * depth..];
        if packed.gather {
            product_of_gathered(mode, conv, packed, weight, x, y, layout, epilogue, instructions);
            continue;
        }
        let rows_of = |range: Range<usize>| {
            let mut walk = Walk::from(conv, range.start);
            Rows::new(range.len(), taps, depth, instructions.rows(), |slots| {
                let mut tap = 0;
                for &row in &packed.rows {
                    let row = walk.row_under(row);
                    for &column in &packed.columns {
                        let offset = row.and_then(|row| Some(row + walk.column_under(column)?));
                        slots.set(tap, offset.map_or(&zeros[..], |offset| &x[offset..]));
                        tap += 1;
                    }
                }
                walk.next();
            })
        };
        // Neighbouring pixels share most of their taps: a row of A is mostly read where it overlaps others.
        product(mode, rows_of, depth * taps.min(2), weight, y, layout, epilogue, instructions);
    }
}

/// Pixels whose taps are gathered at once.
const GATHERED: usize = 168;

/// For inputs of few channels: the taps of some output pixels are copied side by side, then multiplied.
fn product_of_gathered(
    mode: Mode,
    conv: &Conv,
    packed: &PackedConv,
    weight: &Packed,
    x: &[f32],
    y: &mut [f32],
    layout: Layout,
    epilogue: Epilogue,
    instructions: Instructions,
) {
    let depth = weight.k;
    mode.chunks(y, GATHERED * layout.stride, |block, y| {
        let rows = y.len() / layout.stride;
        let mut gathered = vec![0.0; rows * depth];
        let mut walk = Walk::from(conv, block * GATHERED);
        for row in gathered.chunks_exact_mut(depth) {
            gather(&walk, packed, x, row);
            walk.next();
        }
        let rows_of = |range: Range<usize>| Rows::dense(&gathered[range.start * depth..], range.len(), depth, instructions.rows());
        let residual = epilogue.residual.map(|residual| &residual[block * GATHERED * layout.stride..]);
        product(Mode::Sequential, rows_of, depth, weight, y, layout, Epilogue { residual, ..epilogue }, instructions);
    });
}

/// Copies the inputs under all taps of one output pixel. Taps of a kernel row that lie side by side in memory are copied
/// at once.
fn gather(walk: &Walk, packed: &PackedConv, x: &[f32], target: &mut [f32]) {
    let conv = walk.conv;
    let depth = conv.input.channels / conv.groups;
    let joined = conv.groups == 1 && conv.window.dilations[1] == 1;
    let ends = [packed.columns.first(), packed.columns.last()].map(|tap| tap.and_then(|&tap| walk.column_under(tap)));
    let width = packed.columns.len() * depth;
    for (target, &tap) in target.chunks_exact_mut(width).zip(&packed.rows) {
        match (walk.row_under(tap), ends) {
            (None, _) => target.fill(0.0),
            (Some(row), [Some(first), Some(_)]) if joined => target.copy_from_slice(&x[row + first..][..width]),
            (Some(row), _) => {
                for (target, &tap) in target.chunks_exact_mut(depth).zip(&packed.columns) {
                    match walk.column_under(tap) {
                        Some(offset) => target.copy_from_slice(&x[row + offset..][..depth]),
                        None => target.fill(0.0),
                    }
                }
            }
        }
    }
}

/// Rows per chunk of a product that is cut by rows alone: what the cache wants, but in parallel no more than gives every
/// thread some.
pub fn rows_per_chunk(mode: Mode, rows: usize, floats_per_row: usize) -> usize {
    const TILE: usize = 6;
    let block = (64 * 1024 / floats_per_row.clamp(1, 320)).clamp(TILE, 240) / TILE * TILE;
    match mode {
        Mode::Sequential => block,
        Mode::Parallel => block.min(rows.div_ceil(rayon::current_num_threads()).next_multiple_of(TILE)),
    }
}
