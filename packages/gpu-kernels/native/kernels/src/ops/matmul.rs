//! Fully connected layers and batched products, both through `gemm::multiply`.

use super::elementwise::Side;
use crate::gemm::{Epilogue, Instructions, Layout, Matrix, Packed, Rows, product, product_of};
use crate::program::{Activation, Matmul};
use crate::threads::Mode;
use std::ops::Range;

/// y `[rows, n]` from x `[rows, k]` and what was packed for this one product.
pub fn gemm_of_floats(mode: Mode, x: &[f32], b: &Packed, y: &mut [f32], epilogue: Epilogue, instructions: Instructions) {
    let k = b.k;
    let rows_of = |rows: Range<usize>| Rows::dense(&x[rows.start * k..rows.end * k], rows.len(), k, instructions.rows());
    product(mode, rows_of, k, b, y, Layout { stride: b.n, offset: 0 }, epilogue, instructions);
}

/// y `[rows, n]` from x `[rows, k]`.
pub fn gemm(mode: Mode, x: &[f32], weight: &Matrix, y: &mut [f32], epilogue: Epilogue, instructions: Instructions) {
    let k = weight.k();
    let highest = weight.rows(instructions);
    let rows_of = |rows: Range<usize>| Rows::dense(&x[rows.start * k..rows.end * k], rows.len(), k, highest);
    product_of(mode, rows_of, k, weight, y, Layout { stride: weight.n(), offset: 0 }, epilogue, instructions);
}

/// `b_packed` where b is a weight. A weight operand is shared by all products.
pub fn matmul(mode: Mode, op: &Matmul, a: Side, b: Side, b_packed: Option<&Matrix>, y: &mut [f32], instructions: Instructions) {
    let Matmul { count, m, k, n, .. } = *op;
    let plain = Epilogue { bias: None, residual: None, activation: Activation::NONE };
    if let (Some(packed), false) = (b_packed, a.item_stride == 0) {
        return gemm(mode, a.data, packed, y, plain, instructions);
    }
    // One product at a time; `matrix` picks the operand of product `index`, or the shared one.
    let matrix = |side: Side, index: usize, size: usize| -> usize {
        if side.item_stride == 0 { 0 } else { index % count * size + index / count * side.item_stride }
    };
    let multiply = |mode: Mode, index: usize, y: &mut [f32]| {
        let a = &a.data[matrix(a, index, m * k)..][..m * k];
        let b = &b.data[matrix(b, index, k * n)..][..k * n];
        let mut packed = Packed::default();
        packed.repack_columns(b, k, n);
        gemm_of_floats(mode, a, &packed, y, plain, instructions);
    };
    if mode.threads() > 1 && y.len() / (m * n) >= mode.threads() {
        mode.chunks(y, m * n, |index, y| multiply(Mode::Sequential, index, y));
    } else {
        y.chunks_exact_mut(m * n).enumerate().for_each(|(index, y)| multiply(mode, index, y));
    }
}
