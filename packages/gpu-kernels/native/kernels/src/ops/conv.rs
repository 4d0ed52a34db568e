//! Convolution of any stride, dilation and grouping through `gemm::multiply`. Depthwise has its own file.

use crate::chain::Band;
use crate::error::Result;
use crate::gemm::{Epilogue, Instructions, Layout, Matrix, Packed, Rows, product_of};
use crate::precision::Precision;
use crate::program::{Conv, Extent};
use crate::scratch::Scratch;
use crate::stored::Stored;
use crate::threads::Mode;
use std::ops::Range;

/// With fewer channels per group than this the taps are gathered into rows first: segments so short would spend the
/// time on loop overhead. Arbitrary within 4 … 16: between lie no layers of the networks we know.
const MIN_SEGMENT: usize = 8;

/// Weights of a convolution, one packed matrix a group.
#[derive(Debug)]
pub struct PackedConv {
    groups: Vec<Matrix>,
    gather: bool,
    /// Taps in input pixels.
    rows: Vec<usize>,
    columns: Vec<usize>,
}

impl PackedConv {
    /// `in_parts`: the weights may be in parts of bfloat16, which layers that share their turn with others do not all read.
    pub fn new(conv: &Conv, weight: Stored, in_parts: bool, precision: Precision) -> Result<Self> {
        let depth = conv.input.channels / conv.groups;
        let filters = conv.output.channels / conv.groups;
        let taps_of = |axis: usize| (0..conv.window.kernel[axis]).map(|tap| tap * conv.window.dilations[axis]).collect::<Vec<_>>();
        let (rows, columns) = (taps_of(0), taps_of(1));
        let taps = rows.len() * columns.len();
        let gather = taps > 1 && depth < MIN_SEGMENT;
        let pixels = if in_parts && (!gather || precision != Precision::F32) { conv.output.height * conv.output.width } else { 0 };
        let pack = |weight| Matrix::from_stored(weight, taps * depth, filters, pixels, precision);
        let groups = if conv.groups == 1 {
            vec![pack(weight)?]
        } else {
            weight.to_vec()?.chunks_exact(filters * taps * depth).map(|weight| pack(Stored::plain(weight))).collect::<Result<_>>()?
        };
        Ok(PackedConv { groups, gather, rows, columns })
    }

    /// The weights of the first group, if they are floats.
    pub fn matrix(&self) -> Option<&Packed> {
        self.groups[0].as_floats()
    }
}

/// Output columns whose taps all meet the input, if the taps of each row of the kernel lie side by side in it.
fn columns_in_place(conv: &Conv) -> Range<usize> {
    let Conv { groups, window, input, output, .. } = conv;
    if *groups > 1 || window.dilations[1] > 1 {
        return 0..0;
    }
    let first = window.left.div_ceil(window.strides[1]);
    let end = (input.width + window.left + 1).saturating_sub(window.kernel[1]).div_ceil(window.strides[1]);
    first..end.min(output.width)
}

/// Walks over the output pixels of all items in order.
struct Walk<'a> {
    conv: &'a Conv,
    /// Input row that x begins with.
    origin: usize,
    item: usize,
    /// Output coordinates.
    y: usize,
    x: usize,
}

impl<'a> Walk<'a> {
    fn from(conv: &'a Conv, band: Band, pixel: usize) -> Self {
        let Extent { height, width, .. } = conv.output;
        let pixel = band.first * width + pixel;
        Walk { conv, origin: band.origin, item: pixel / (height * width), y: pixel / width % height, x: pixel % width }
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

    /// Where the input row under the first row of the kernel begins, if all its rows meet the input.
    fn line_in_place(&self, packed: &PackedConv) -> Option<usize> {
        self.row_under(*packed.rows.last()?)?;
        self.row_under(*packed.rows.first()?)
    }

    /// Offset in its row of the first tap of a pixel that is not in the padding.
    #[inline(always)]
    fn first_column(&self) -> usize {
        (self.x * self.conv.window.strides[1] - self.conv.window.left) * self.conv.input.channels
    }

    /// Offset in x of the first pixel of the input row under a tap; `None` in the padding.
    #[inline(always)]
    fn row_under(&self, tap: usize) -> Option<usize> {
        let Conv { input, window, .. } = self.conv;
        let y = (self.y * window.strides[0] + tap).checked_sub(window.top).filter(|&y| y < input.height)?;
        Some((self.item * input.height + y - self.origin) * input.width * input.channels)
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
    band: Band,
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
            product_of_gathered(mode, conv, packed, weight, x, y, band, layout, epilogue, instructions);
            continue;
        }
        let is_dense = is_pointwise(conv);
        let rows_of = |range: Range<usize>| {
            if is_dense {
                let before = (band.first - band.origin) * conv.input.width;
                let x = &x[(before + range.start) * depth..(before + range.end) * depth];
                return Rows::dense(x, range.len(), depth, weight.rows(instructions));
            }
            let mut walk = Walk::from(conv, band, range.start);
            Rows::new(range.len(), taps, depth, weight.rows(instructions), |slots| {
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
        product_of(mode, rows_of, depth * taps.min(2), weight, y, layout, epilogue, instructions);
    }
}

/// Whether rows of A are the pixels of the input as they lie, which needs no walk.
pub fn is_pointwise(conv: &Conv) -> bool {
    let window = &conv.window;
    let same = conv.input.height == conv.output.height && conv.input.width == conv.output.width;
    conv.groups == 1 && window.kernel == [1, 1] && window.strides == [1, 1] && same
}

/// Pixels whose taps are gathered at once.
const GATHERED: usize = 168;

/// For inputs of few channels: the taps of a row of the kernel are one segment, read in place where they lie side by side,
/// else copied side by side.
fn product_of_gathered(
    mode: Mode,
    conv: &Conv,
    packed: &PackedConv,
    weight: &Matrix,
    x: &[f32],
    y: &mut [f32],
    band: Band,
    layout: Layout,
    epilogue: Epilogue,
    instructions: Instructions,
) {
    let height = packed.rows.len();
    let (k, depth) = (weight.k(), weight.k() / height);
    let columns = columns_in_place(conv);
    mode.chunks(y, GATHERED * layout.stride, |block, y| {
        let rows = y.len() / layout.stride;
        let mut gathered = Scratch::take(rows * k);
        let mut places = Vec::with_capacity(rows);
        let mut walk = Walk::from(conv, band, block * GATHERED);
        let mut line_start = walk.line_in_place(packed);
        for row in gathered.chunks_exact_mut(k) {
            let start = line_start.filter(|_| columns.contains(&walk.x)).map(|start| start + walk.first_column());
            if start.is_none() {
                gather(&walk, packed, x, row);
            }
            places.push(start);
            walk.next();
            if walk.x == 0 {
                line_start = walk.line_in_place(packed);
            }
        }
        let line = conv.window.dilations[0] * conv.input.width * conv.input.channels;
        let rows_of = |rows: Range<usize>| {
            let mut next = rows.start;
            Rows::new(rows.len(), height, depth, weight.rows(instructions), |slots| {
                for segment in 0..height {
                    match places[next] {
                        Some(start) => slots.set(segment, &x[start + segment * line..]),
                        None => slots.set(segment, &gathered[next * k + segment * depth..]),
                    }
                }
                next += 1;
            })
        };
        let residual = epilogue.residual.map(|residual| &residual[block * GATHERED * layout.stride..]);
        product_of(Mode::Sequential, rows_of, k, weight, y, layout, Epilogue { residual, ..epilogue }, instructions);
    });
}

/// Copies the inputs under all taps of one output pixel.
fn gather(walk: &Walk, packed: &PackedConv, x: &[f32], target: &mut [f32]) {
    let depth = walk.conv.input.channels / walk.conv.groups;
    let taps = packed.rows.iter().flat_map(|&row| packed.columns.iter().map(move |&column| (row, column)));
    for (target, (row, column)) in target.chunks_exact_mut(depth).zip(taps) {
        match walk.row_under(row).zip(walk.column_under(column)) {
            Some((row, column)) => target.copy_from_slice(&x[row + column..][..depth]),
            None => target.fill(0.0),
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
        Mode::Parallel(team) => block.min(rows.div_ceil(team.threads()).next_multiple_of(TILE)),
    }
}
