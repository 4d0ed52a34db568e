//! Products in parts against float64, against chains in float32, and in batches, by each unit that runs here, however fast.

use super::*;
use crate::stored::Stored;

fn numbers(count: usize, by: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * by) % 1009) as f32 / 1009.0 - 0.5).collect()
}

/// Segments of `depth` of a dense matrix, as a convolution has its taps.
fn rows<'a>(a: &'a [f32], range: Range<usize>, segments: usize, depth: usize, unit: Unit) -> Rows<'a> {
    let mut next = a[range.start * segments * depth..].chunks_exact(depth);
    Rows::new(range.len(), segments, depth, unit.rows(), |slots| {
        for segment in 0..segments {
            slots.set(segment, next.next().unwrap());
        }
    })
}

/// y of a product without bias, residual and activation.
fn multiply(a: &[f32], [count, segments, depth]: [usize; 3], b: &Parts) -> Vec<f32> {
    let mut y = vec![f32::NAN; count * b.n];
    let plain = Epilogue { bias: None, residual: None, activation: Activation::NONE };
    let layout = Layout { stride: b.n, offset: 0 };
    product(Mode::Sequential, |range| rows(a, range, segments, depth, b.unit), b, &mut y, layout, plain);
    y
}

fn packed(b: &[f32], k: usize, n: usize, parts: usize, unit: Unit) -> Parts {
    Parts::from_stored(Stored::plain(b), k, n, parts, unit).unwrap().unwrap()
}

/// To the nearest of bfloat16, away from zero in a tie.
fn rounded(x: f32) -> f32 {
    f32::from_bits((x.to_bits() + 0x8000) & 0xffff_0000)
}

/// The last three have several groups of pairs of columns, of two panels or of one, for one pair of tiles of rows and for more.
const SHAPES: [[usize; 4]; 12] = [
    [1, 1, 64, 32],
    [16, 1, 96, 16],
    [17, 1, 33, 40],
    [33, 1, 2100, 50],
    [49, 1, 768, 96],
    [70, 9, 32, 33],
    [40, 9, 24, 48],
    [130, 4, 160, 17],
    [300, 1, 1025, 31],
    [32, 1, 1056, 112],
    [20, 1, 640, 130],
    [70, 1, 1056, 72],
];

#[test]
fn three_parts_are_as_exact_as_floats() {
    for unit in Unit::all() {
        for [count, segments, depth, n] in SHAPES {
            let k = segments * depth;
            let (a, b) = (numbers(count * k, 31), numbers(n * k, 53));
            let y = multiply(&a, [count, segments, depth], &packed(&b, k, n, EXACT, unit));
            let dot = |at: usize| (0..k).map(|i| f64::from(a[at / n * k + i]) * f64::from(b[at % n * k + i])).sum::<f64>();
            // What a chain of fused multiply-adds in float32 is off by.
            let chain = |at: usize| (0..k).fold(0.0f32, |sum, i| a[at / n * k + i].mul_add(b[at % n * k + i], sum));
            let error = |of: &dyn Fn(usize) -> f32| (0..y.len()).map(|at| (f64::from(of(at)) - dot(at)).powi(2)).sum::<f64>().sqrt();
            let (ours, theirs) = (error(&|at| y[at]), error(&chain));
            let scale = (0..y.len()).map(|at| dot(at).powi(2)).sum::<f64>().sqrt();
            // Vectors add six times as many products one after the other as a chain does, at random signs √6 times its error: 3 leaves
            // room for chance. Nobody takes them for three parts.
            let allowed = if unit == Unit::Vectors { 3.0 * theirs } else { theirs };
            assert!(ours <= allowed.max(1e-7 * scale), "{count} x {segments} x {depth} x {n}: {ours:e}, a chain {theirs:e}");
        }
    }
}

#[test]
fn one_part_is_the_product_of_rounded_numbers() {
    for unit in Unit::all() {
        for [count, segments, depth, n] in SHAPES {
            let k = segments * depth;
            let (a, b) = (numbers(count * k, 31), numbers(n * k, 53));
            let y = multiply(&a, [count, segments, depth], &packed(&b, k, n, 1, unit));
            for (at, &y) in y.iter().enumerate() {
                let product = |i: usize| f64::from(rounded(a[at / n * k + i])) * f64::from(rounded(b[at % n * k + i]));
                let expected: f64 = (0..k).map(product).sum();
                assert!((f64::from(y) - expected).abs() < 1e-5, "{count} x {segments} x {depth} x {n} at {at}: {y}, expected {expected}");
            }
        }
    }
}

#[test]
fn an_item_is_the_same_in_any_batch() {
    for unit in Unit::all() {
        let (item, k, n) = (49, 1100, 70);
        let (a, b) = (numbers(9 * item * k, 31), packed(&numbers(n * k, 53), k, n, EXACT, unit));
        let together = multiply(&a, [9 * item, 1, k], &b);
        for (index, y) in together.chunks_exact(item * n).enumerate() {
            assert_eq!(y, multiply(&a[index * item * k..][..item * k], [item, 1, k], &b), "item {index}");
        }
    }
}

/// Infinity, no number, and what would round to infinity: as float32 has them, and without a trace in other rows.
#[test]
fn rows_beyond_bfloat16_are_summed_as_floats() {
    for unit in Unit::all() {
        let (count, k, n) = (40, 1090, 35);
        let (mut a, b) = (numbers(count * k, 31), vec![0.25; n * k]);
        let before = multiply(&a, [count, 1, k], &packed(&b, k, n, EXACT, unit));
        let special = [(3, 5, f32::INFINITY), (17, 1080, f32::NEG_INFINITY), (20, 7, f32::NAN), (39, 1089, f32::MAX)];
        for (row, at, value) in special {
            a[row * k + at] = value;
        }
        let y = multiply(&a, [count, 1, k], &packed(&b, k, n, EXACT, unit));
        for (row, y) in y.chunks_exact(n).enumerate() {
            match special.iter().find(|special| special.0 == row) {
                Some((_, _, value)) if value.is_nan() => assert!(y.iter().all(|y| y.is_nan())),
                Some((_, _, value)) => assert!(y.iter().all(|y| *y == value / 4.0), "row {row}: {y:?}"),
                None => assert_eq!(y, &before[row * n..][..n], "row {row}"),
            }
        }
        let mut b = b;
        b[7] = f32::INFINITY;
        assert!(Parts::from_stored(Stored::plain(&b), k, n, EXACT, unit).unwrap().is_none());
    }
}
