//! Attention: softmax(scale · q · kᵀ + mask) · v. Scores exist for one block of rows at a time and never leave its thread.

use super::elementwise::Side;
use super::matmul::gemm_of_floats;
use super::reduce::softmax;
use crate::check::Checker;
use crate::gemm::{Epilogue, Instructions, Packed};
use crate::program::{Activation, Operand};
use crate::rules::{Fault, refuse_fault, size};
use crate::threads::Mode;
use serde::Deserialize;

/// Rows of q that one block takes: enough that packing k and v again for every block costs a percent.
const BLOCK_ROWS: usize = 120;

/// Where matrices lie in one item: element (outer, head, row, column) at offset + Σ index · stride.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct View {
    offset: usize,
    strides: [usize; 4],
}

/// What needs no other part of the plan: sizes, scale, and where matrices lie.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Geometry {
    outer: usize,
    heads: usize,
    rows: usize,
    keys: usize,
    channels: usize,
    value_channels: usize,
    scale: f32,
    q_view: View,
    k_view: View,
    v_view: View,
    y_view: View,
    /// A row of which the mask leaves nothing gives 0 rather than NaN.
    #[serde(default)]
    zero_empty: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanAttention {
    q: i64,
    k: i64,
    v: i64,
    mask: Option<i64>,
    mask_weight: Option<String>,
    mask_view: Option<View>,
    #[serde(flatten)]
    geometry: Geometry,
}

#[derive(Debug, Clone)]
pub struct Attention {
    pub q: usize,
    pub k: usize,
    pub v: usize,
    pub mask: Option<Operand>,
    mask_view: View,
    geometry: Geometry,
}

impl PlanAttention {
    pub fn check(&self, checker: &Checker, step: &str, output: usize) -> Result<Attention, Fault> {
        let geometry = &self.geometry;
        let [q, k, v] = [self.q, self.k, self.v].map(|id| checker.value(step, id));
        let (q, k, v) = (q?, k?, v?);
        let reaches = |what: &str, view: &View, rows: usize, columns: usize, shape: &[usize]| -> Result<(), Fault> {
            let sizes = [geometry.outer, geometry.heads, rows, columns];
            let last = sizes
                .iter()
                .zip(view.strides)
                .try_fold(view.offset, |sum, (&size, stride)| sum.checked_add(size.checked_sub(1)?.checked_mul(stride)?));
            if last.is_none_or(|last| last >= size(shape)) {
                refuse_fault(format!("Expected {what} of step `{step}` to reach {sizes:?} inside {shape:?}, received {view:?}."))?;
            }
            Ok(())
        };
        reaches("q", &geometry.q_view, geometry.rows, geometry.channels, checker.shapes[q])?;
        reaches("k", &geometry.k_view, geometry.keys, geometry.channels, checker.shapes[k])?;
        reaches("v", &geometry.v_view, geometry.keys, geometry.value_channels, checker.shapes[v])?;
        reaches("y", &geometry.y_view, geometry.rows, geometry.value_channels, checker.shapes[output])?;
        let written = [geometry.heads, geometry.rows, geometry.value_channels]
            .iter()
            .try_fold(geometry.outer, |product, size| product.checked_mul(*size));
        if written != Some(size(checker.shapes[output])) {
            refuse_fault(format!("Expected step `{step}` to write its whole output {:?}.", checker.shapes[output]))?;
        }
        if geometry.keys > size(checker.shapes[k]) || geometry.channels > size(checker.shapes[k]) {
            refuse_fault(format!("Expected keys and channels of step `{step}` to exist in {:?}.", checker.shapes[k]))?;
        }
        let mut mask_view = View { offset: 0, strides: [0; 4] };
        let mut mask = None;
        if let Some(view) = self.mask_view {
            let (operand, shape) = checker.operand(step, 'm', self.mask, self.mask_weight.as_deref())?;
            reaches("mask", &view, geometry.rows, geometry.keys, shape)?;
            (mask, mask_view) = (Some(operand), view);
        }
        Ok(Attention { q, k, v, mask, mask_view, geometry: self.geometry })
    }
}

impl Attention {
    pub fn reads(&self) -> Vec<usize> {
        let mask = match self.mask {
            Some(Operand::Value(mask)) => Some(mask),
            _ => None,
        };
        [self.q, self.k, self.v].into_iter().chain(mask).collect()
    }
}

/// A part of one matrix product: rows `first .. first + count` of head `head` of one item.
#[derive(Clone, Copy)]
struct Block {
    item: usize,
    outer: usize,
    head: usize,
    first: usize,
    count: usize,
}

impl View {
    fn start(&self, block: Block) -> usize {
        self.offset + block.outer * self.strides[0] + block.head * self.strides[1]
    }

    /// Rows `first .. first + count` as a dense matrix.
    fn dense(&self, x: &[f32], block: Block, first: usize, count: usize, columns: usize) -> Vec<f32> {
        let [_, _, row, column] = self.strides;
        let start = self.start(block) + first * row;
        let mut matrix = Vec::with_capacity(count * columns);
        for at in 0..count {
            let x = &x[start + at * row..];
            if column == 1 {
                matrix.extend_from_slice(&x[..columns]);
            } else {
                matrix.extend((0..columns).map(|at| x[at * column]));
            }
        }
        matrix
    }
}

/// q, k, v and the mask with the distance from one item to the next.
pub struct Sides<'a> {
    pub q: Side<'a>,
    pub k: Side<'a>,
    pub v: Side<'a>,
    pub mask: Option<Side<'a>>,
}

impl<'a> Side<'a> {
    fn of(&self, item: usize) -> &'a [f32] {
        &self.data[item * self.item_stride..]
    }
}

pub fn attention(mode: Mode, op: &Attention, sides: &Sides, items: usize, y: &mut [f32], instructions: Instructions) {
    let size = y.len() / items;
    let mut blocks = Vec::new();
    for item in 0..items {
        for (outer, head) in (0..op.geometry.outer).flat_map(|outer| (0..op.geometry.heads).map(move |head| (outer, head))) {
            for first in (0..op.geometry.rows).step_by(BLOCK_ROWS) {
                blocks.push(Block { item, outer, head, first, count: BLOCK_ROWS.min(op.geometry.rows - first) });
            }
        }
    }
    match mode {
        Mode::Sequential => {
            for block in blocks {
                let rows = attend(op, sides, block, instructions);
                scatter(&op.geometry, block, &rows, &mut y[block.item * size..]);
            }
        }
        // Heads interleave in y, so that each block is computed apart and put in its place afterwards.
        Mode::Parallel(_) => {
            let results = mode.map(blocks.len(), |index| attend(op, sides, blocks[index], instructions));
            for (block, rows) in blocks.into_iter().zip(results) {
                scatter(&op.geometry, block, &rows, &mut y[block.item * size..]);
            }
        }
    }
}

fn attend(op: &Attention, sides: &Sides, block: Block, instructions: Instructions) -> Vec<f32> {
    let geometry = &op.geometry;
    let plain = Epilogue { bias: None, residual: None, activation: Activation::NONE };
    let mut q = geometry.q_view.dense(sides.q.of(block.item), block, block.first, block.count, geometry.channels);
    q.iter_mut().for_each(|q| *q *= geometry.scale);
    let k = geometry.k_view.dense(sides.k.of(block.item), block, 0, geometry.keys, geometry.channels);
    let mut packed = Packed::default();
    packed.repack_rows(&k, geometry.channels, geometry.keys);
    let mut scores = vec![0.0; block.count * geometry.keys];
    gemm_of_floats(Mode::Sequential, &q, &packed, &mut scores, plain, instructions);
    if let Some(mask) = &sides.mask {
        let [_, _, row, column] = op.mask_view.strides;
        let mask = &mask.of(block.item)[op.mask_view.start(block)..];
        for (at, scores) in scores.chunks_exact_mut(geometry.keys).enumerate() {
            let mask = &mask[(block.first + at) * row..];
            scores.iter_mut().enumerate().for_each(|(key, score)| *score += mask[key * column]);
        }
    }
    let mut weights = vec![0.0; scores.len()];
    softmax(Mode::Sequential, &scores, geometry.keys, &mut weights);
    if geometry.zero_empty {
        clear_empty(&scores, geometry.keys, &mut weights);
    }
    let v = geometry.v_view.dense(sides.v.of(block.item), block, 0, geometry.keys, geometry.value_channels);
    packed.repack_columns(&v, geometry.keys, geometry.value_channels);
    let mut rows = vec![0.0; block.count * geometry.value_channels];
    gemm_of_floats(Mode::Sequential, &weights, &packed, &mut rows, plain, instructions);
    rows
}

/// Weights of 0 for every row whose scores are all minus infinity.
fn clear_empty(scores: &[f32], keys: usize, weights: &mut [f32]) {
    for (scores, weights) in scores.chunks_exact(keys).zip(weights.chunks_exact_mut(keys)) {
        if scores.iter().all(|&score| score == f32::NEG_INFINITY) {
            weights.fill(0.0);
        }
    }
}

fn scatter(geometry: &Geometry, block: Block, rows: &[f32], y: &mut [f32]) {
    let [_, _, row, column] = geometry.y_view.strides;
    let start = geometry.y_view.start(block) + block.first * row;
    for (at, values) in rows.chunks_exact(geometry.value_channels).enumerate() {
        let y = &mut y[start + at * row..];
        if column == 1 {
            y[..values.len()].copy_from_slice(values);
        } else {
            values.iter().enumerate().for_each(|(at, &value)| y[at * column] = value);
        }
    }
}
