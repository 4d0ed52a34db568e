//! Products against their definition, by all instructions that run here.

use super::*;
use crate::threads::Mode;

#[test]
fn all_instructions_agree_with_the_definition() {
    for (rows, k, n) in [(1, 1, 1), (6, 16, 16), (7, 33, 24), (13, 700, 40), (5, 3, 9), (29, 2100, 33), (14, 17, 64)] {
        let number = |index: usize, by: usize| ((index * by) % 97) as f32 / 97.0 - 0.5;
        let a: Vec<f32> = (0..rows * k).map(|index| number(index, 31)).collect();
        let b: Vec<f32> = (0..n * k).map(|index| number(index, 53)).collect();
        let bias: Vec<f32> = (0..n).map(|index| number(index, 71)).collect();
        let residual: Vec<f32> = (0..rows * n).map(|index| number(index, 89)).collect();
        let packed = Packed::from_rows(&b, k, n).unwrap();
        let epilogue = Epilogue { bias: Some(&bias), residual: Some(&residual), activation: Activation::Clamp { low: -5.0, high: 5.0 } };
        for instructions in Instructions::all() {
            let mut y = vec![f32::NAN; rows * n];
            let dense = |range: Range<usize>| Rows::dense(&a[range.start * k..], range.len(), k, instructions.rows());
            let layout = Layout { stride: n, offset: 0 };
            product(Mode::Sequential, dense, k, &packed, &mut y, layout, epilogue, instructions);
            for (at, &y) in y.iter().enumerate() {
                let (row, column) = (at / n, at % n);
                let sum: f64 = (0..k).map(|i| f64::from(a[row * k + i]) * f64::from(b[column * k + i])).sum();
                let expected = (sum + f64::from(bias[column]) + f64::from(residual[at])).clamp(-5.0, 5.0);
                assert!((f64::from(y) - expected).abs() < 1e-5, "{instructions:?} {rows} {k} {n} at {at}: {y}, expected {expected}");
            }
        }
    }
}

#[test]
fn spans_cover_k_in_order() {
    for (segments, depth) in [(1, 1), (1, 320), (1, 321), (9, 64), (9, 512), (49, 3), (25, 320), (2, 1000)] {
        let mut next = 0;
        for span in spans(segments, depth, 320) {
            assert_eq!(span.segments.start * depth + span.start, next);
            next += span.segments.len() * span.depth;
            assert!(span.segments.len() * span.depth <= 320);
        }
        assert_eq!(next, segments * depth);
    }
}
