//! Products in bfloat16 against loops written from their definitions, in float64. Where the processor has no faster products
//! of them there is nothing to run, and each test ends at once.
#![allow(clippy::unwrap_used)]

mod common;
use common::{Case, ITEMS, Ran, assert_close, numbers, size};
use diptych_kernels::{CompiledPlan, Precision, Weight, bfloat16_parts};
use serde_json::json;

/// Of numbers that are rounded first, products are exact and sums those of float32: as in `products.rs`.
const LIMIT: f64 = 8e-6;
/// A number of 8 bits is off by up to 2^-9 of itself, at random signs by a third of that in the mean, and a product of two by √2
/// times as much. The largest of some thousand sums is four times the mean error and 3.5 times the mean sum.
const ROUNDED: f64 = 4e-3;

/// To the nearest number of 8 bits, from a tie away from zero.
fn rounded(x: f32) -> f64 {
    let x = f64::from(x);
    if x == 0.0 {
        return 0.0;
    }
    let last = (x.abs().log2().floor() - 7.0).exp2();
    (x / last).round() * last
}

/// What is multiplied in the place of x, a number and a smaller one; of two such sums the product of the smaller ones is left out.
type Parts = fn(f32) -> [f64; 2];
const EXACT: Parts = |x| [f64::from(x), 0.0];
/// For each precision in the order of its parts, and how far its products are from exact ones at most.
const PRECISIONS: [(Precision, Parts, f64); 2] = [
    (Precision::Bf16, |x| [rounded(x), 0.0], ROUNDED),
    // A number that two numbers of 8 bits leave is a part of 2^-8 of what one leaves.
    (Precision::Bf16x2, |x| [rounded(x), rounded((f64::from(x) - rounded(x)) as f32)], ROUNDED / 256.0),
];

fn parts_of(floats: &[f32], parts: Parts) -> Vec<[f64; 2]> {
    floats.iter().map(|&x| parts(x)).collect()
}

fn sum_of_products(a: &[[f64; 2]], b: &[[f64; 2]]) -> f64 {
    a.iter().zip(b).map(|([a, a_rest], [b, b_rest])| a * b + a * b_rest + a_rest * b).sum()
}

#[derive(Clone, Copy)]
struct Layer {
    /// Height, width, channels.
    input: [usize; 3],
    filters: usize,
    kernel: usize,
    stride: usize,
    pad: usize,
    groups: usize,
    residual: bool,
    relu: bool,
}

impl Layer {
    const PLAIN: Layer = Layer { input: [7, 9, 96], filters: 40, kernel: 1, stride: 1, pad: 0, groups: 1, residual: false, relu: false };

    fn output(&self) -> [usize; 3] {
        let slide = |size: usize| (size + 2 * self.pad - self.kernel) / self.stride + 1;
        [slide(self.input[0]), slide(self.input[1]), self.filters]
    }

    fn case(&self) -> Case {
        let Layer { kernel, stride, pad, groups, .. } = *self;
        let mut step = json!({
            "op": "conv2d", "x": 0, "weight": "w", "bias": "b", "strides": [stride, stride], "pads": [pad, pad, pad, pad], "dilations": [1, 1],
            "groups": groups, "activation": { "kind": if self.relu { "relu" } else { "none" } },
        });
        if self.residual {
            step["residual"] = json!(1);
        }
        let weights = vec![("w", vec![self.filters, kernel, kernel, self.input[2] / groups]), ("b", vec![self.filters])];
        let output = self.output().to_vec();
        Case { step, inputs: vec![self.input.to_vec(), output.clone()], weights, output }
    }

    /// In float64, of products of `parts`; bias and residual are never rounded.
    fn expected(&self, ran: &Ran, parts: Parts) -> Vec<f64> {
        let [height, width, channels] = self.input;
        let [out_height, out_width, filters] = self.output();
        let depth = channels / self.groups;
        let [all, weights] = [&ran.inputs[0], &ran.weights[0]].map(|floats| parts_of(floats, parts));
        let one = |at: usize| {
            let (filter, pixel) = (at % filters, at / filters);
            let (item, row, column) = (pixel / (out_width * out_height), pixel / out_width % out_height, pixel % out_width);
            let mut sum = f64::from(ran.weights[1][filter]);
            for tap in 0..self.kernel * self.kernel {
                let from = |at: usize, tap: usize, size: usize| (at * self.stride + tap).checked_sub(self.pad).filter(|&at| at < size);
                let (tap_row, tap_column) = (tap / self.kernel, tap % self.kernel);
                let (Some(y), Some(x_)) = (from(row, tap_row, height), from(column, tap_column, width)) else { continue };
                let start = ((item * height + y) * width + x_) * channels + filter / (filters / self.groups) * depth;
                sum += sum_of_products(&weights[(filter * self.kernel * self.kernel + tap) * depth..][..depth], &all[start..]);
            }
            let sum = if self.residual { sum + f64::from(ran.inputs[1][at]) } else { sum };
            if self.relu { sum.max(0.0) } else { sum }
        };
        (0..ITEMS * out_height * out_width * filters).map(one).collect()
    }
}

fn inputs_of(case: &Case) -> Vec<Vec<f32>> {
    case.inputs.iter().zip(1..).map(|(shape, seed)| numbers(ITEMS * size(shape), seed)).collect()
}

/// Largest difference relative to the largest number.
fn apart(y: &[f32], expected: &[f64]) -> f64 {
    let largest = expected.iter().fold(0f64, |largest, value| largest.max(value.abs()));
    y.iter().zip(expected).fold(0f64, |most, (&y, expected)| most.max((f64::from(y) - expected).abs())) / largest
}

/// `expected` gives results of products of such parts. They are those of the precision, near the exact ones, and not equal to them.
fn check(case: &Case, what: &str, expected: impl Fn(&Ran, Parts) -> Vec<f64>) {
    for (precision, parts, limit) in PRECISIONS.into_iter().take(bfloat16_parts()) {
        let (ran, what) = (case.run_in(precision, inputs_of(case)), format!("{precision:?}, {what}"));
        let (rounded, exact) = (expected(&ran, parts), expected(&ran, EXACT));
        assert_close(&ran.y, &rounded, LIMIT, &what);
        assert_close(&ran.y, &exact, limit + LIMIT, &what);
        assert!(apart(&ran.y, &exact) > 4.0 * apart(&ran.y, &rounded), "{what}: it is not rounded");
    }
}

#[test]
fn convolutions_round_what_they_multiply_and_nothing_else() {
    if bfloat16_parts() == 0 {
        return;
    }
    let wide = Layer { input: [14, 15, 32], filters: 48, kernel: 3, pad: 1, ..Layer::PLAIN };
    let layers = [
        Layer::PLAIN,
        Layer { residual: true, relu: true, ..Layer::PLAIN },
        Layer { input: [8, 8, 100], filters: 33, stride: 2, residual: true, ..Layer::PLAIN },
        Layer { stride: 2, ..wide },
        Layer { input: [6, 7, 64], filters: 128, groups: 2, kernel: 3, pad: 1, ..Layer::PLAIN },
        Layer { input: [5, 6, 16], filters: 32, kernel: 4, pad: 2, ..Layer::PLAIN },
        // Of three channels, whose taps are gathered.
        Layer { input: [20, 20, 3], filters: 32, kernel: 7, stride: 2, pad: 3, ..Layer::PLAIN },
        Layer { input: [16, 64, 3], filters: 40, kernel: 8, stride: 8, ..Layer::PLAIN },
    ];
    for layer in layers {
        let case = layer.case();
        check(&case, &case.step.to_string(), |ran, parts| layer.expected(ran, parts));
    }
    // Computed by Winograd's form in float32. With two parts the direct form is faster than that.
    for layer in [wide, Layer { residual: true, relu: true, ..wide }] {
        let case = layer.case();
        if bfloat16_parts() > 1 {
            check(&case, &case.step.to_string(), |ran, parts| layer.expected(ran, parts));
        } else {
            let [half, full] = [Precision::Bf16, Precision::F32].map(|precision| case.run_in(precision, inputs_of(&case)).y);
            assert_eq!(half, full, "{}", case.step);
        }
    }
}

#[test]
fn dense_layers_round_what_they_multiply() {
    if bfloat16_parts() == 0 {
        return;
    }
    for (rows, k, n) in [(16, 64, 32), (49, 768, 100), (50, 129, 64), (197, 70, 33)] {
        let step = json!({ "op": "gemm", "x": 0, "weight": "w", "bias": "b", "residual": 1, "activation": { "kind": "none" } });
        let inputs = vec![vec![rows, k], vec![rows, n]];
        let case = Case { step, inputs, weights: vec![("w", vec![n, k]), ("b", vec![n])], output: vec![rows, n] };
        check(&case, &format!("{rows} rows of {k} to {n}"), |ran, parts| {
            let [x, weights] = [&ran.inputs[0], &ran.weights[0]].map(|floats| parts_of(floats, parts));
            let one = |at: usize| {
                sum_of_products(&x[at / n * k..][..k], &weights[at % n * k..])
                    + f64::from(ran.weights[1][at % n])
                    + f64::from(ran.inputs[1][at])
            };
            (0..ITEMS * rows * n).map(one).collect()
        });
    }
}

#[test]
fn small_layers_stay_float32() {
    if bfloat16_parts() == 0 {
        return;
    }
    let stem = Layer { input: [20, 20, 3], filters: 32, kernel: 3, stride: 2, pad: 1, ..Layer::PLAIN };
    let depthwise = Layer { input: [14, 14, 64], filters: 64, groups: 64, kernel: 3, pad: 1, ..Layer::PLAIN };
    let one_pixel = Layer { input: [1, 1, 128], filters: 64, ..Layer::PLAIN };
    for layer in [stem, depthwise, one_pixel] {
        let case = layer.case();
        let full = case.run_in(Precision::F32, inputs_of(&case)).y;
        for (precision, ..) in PRECISIONS.into_iter().take(bfloat16_parts()) {
            assert_eq!(case.run_in(precision, inputs_of(&case)).y, full, "{precision:?}, {}", case.step);
        }
    }
}

#[test]
fn an_item_is_the_same_in_any_batch_and_what_is_not_finite_stays_so() {
    if bfloat16_parts() == 0 {
        return;
    }
    // Of too few pixels for Winograd's form.
    let layer = Layer { input: [12, 12, 64], filters: 64, kernel: 3, pad: 1, ..Layer::PLAIN };
    let case = layer.case();
    let mut inputs = inputs_of(&case);
    // One number of the second item: its neighbours in 3x3 pixels know of it, nobody else.
    inputs[0][12 * 12 * 64 + 64 * 20] = f32::INFINITY;
    let Ran { weights, y, .. } = case.run_in(Precision::Bf16, inputs.clone());
    let weights: Vec<_> = weights.iter().map(|weight| Weight::plain(weight)).collect();
    let plan = CompiledPlan::from_weights(&case.plan(), &weights, 2, Precision::Bf16).unwrap();
    let length = y.len() / ITEMS;
    for (item, together) in y.chunks(length).enumerate() {
        let alone: Vec<&[f32]> = inputs.iter().map(|input| &input[item * length..][..length]).collect();
        let bits = |y: &[f32]| y.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&plan.run(1, &alone, &[]).unwrap()[0]), bits(together));
        let infinite = together.iter().filter(|y| !y.is_finite()).count();
        assert_eq!(infinite, if item == 1 { 9 * 64 } else { 0 });
    }
}
