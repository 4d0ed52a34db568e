//! conv2d, gemm and matmul against loops written from their definitions, in float64.
#![allow(clippy::unwrap_used)]

mod common;
use common::{Case, ITEMS, Ran, assert_close};
use serde_json::json;

/// Sums of up to 1300 float32 products of numbers below 1: such a sum is about 12 in size and rounds 1300 times by
/// 2^-24 of it at random signs, 2.6e-5 at worst 3 deviations; a clip to 3 is measured against 3.
const LIMIT: f64 = 8e-6;
/// Winograd's form errs by up to 1e-5 of the spread of the sums (kernels/goldens/winograd_points.py), which is 8 here and
/// measured against a clip to 3.
const WINOGRAD_LIMIT: f64 = 3e-5;

fn activate(kind: &str, x: f64) -> f64 {
    match kind {
        "relu" => x.max(0.0),
        "clip" => x.clamp(-2.0, 3.0),
        "sigmoid" => 1.0 / (1.0 + (-x).exp()),
        _ => x,
    }
}

struct ConvCase {
    input: [usize; 3],
    filters: usize,
    kernel: [usize; 2],
    strides: [usize; 2],
    pads: [usize; 4],
    dilations: [usize; 2],
    groups: usize,
    activation: &'static str,
    residual: bool,
}

/// A product of single pixels; the cases say in what they differ.
const PLAIN: ConvCase = ConvCase {
    input: [7, 9, 24],
    filters: 40,
    kernel: [1, 1],
    strides: [1, 1],
    pads: [0; 4],
    dilations: [1, 1],
    groups: 1,
    activation: "none",
    residual: false,
};

fn check_conv(case: &ConvCase, limit: f64) {
    let ConvCase { input: [height, width, channels], filters, kernel, strides, pads, dilations, groups, activation, residual } = *case;
    let slide =
        |size: usize, axis: usize| (size + pads[axis] + pads[axis + 2] - dilations[axis] * (kernel[axis] - 1) - 1) / strides[axis] + 1;
    let (out_height, out_width) = (slide(height, 0), slide(width, 1));
    let depth = channels / groups;
    let output = vec![out_height, out_width, filters];
    let mut step = json!({
        "op": "conv2d", "x": 0, "weight": "w", "bias": "b", "strides": strides, "pads": pads, "dilations": dilations,
        "groups": groups, "activation": { "kind": activation, "min": -2.0, "max": 3.0 },
    });
    if residual {
        step["residual"] = json!(1);
    }
    let weights = vec![("w", vec![filters, kernel[0], kernel[1], depth]), ("b", vec![filters])];
    let inputs = vec![vec![height, width, channels], output.clone()];
    let Ran { inputs, weights, y } = Case { step, inputs, weights, output }.run();
    let mut expected = Vec::new();
    for item in 0..ITEMS {
        for at in 0..out_height * out_width * filters {
            let (filter, x, y) = (at % filters, at / filters % out_width, at / filters / out_width);
            let group = filter / (filters / groups);
            let mut sum = f64::from(weights[1][filter]);
            for tap in 0..kernel[0] * kernel[1] * depth {
                let (channel, tap_x, tap_y) = (tap % depth, tap / depth % kernel[1], tap / depth / kernel[1]);
                let from_y = (y * strides[0] + tap_y * dilations[0]) as i64 - pads[0] as i64;
                let from_x = (x * strides[1] + tap_x * dilations[1]) as i64 - pads[1] as i64;
                if from_y < 0 || from_y >= height as i64 || from_x < 0 || from_x >= width as i64 {
                    continue;
                }
                let from = ((item * height + from_y as usize) * width + from_x as usize) * channels + group * depth + channel;
                sum += f64::from(inputs[0][from]) * f64::from(weights[0][filter * kernel[0] * kernel[1] * depth + tap]);
            }
            if residual {
                sum += f64::from(inputs[1][expected.len()]);
            }
            expected.push(activate(activation, sum));
        }
    }
    assert_close(&y, &expected, limit, &format!("conv {:?} to {filters}, groups {groups}, kernel {kernel:?}", case.input));
}

#[test]
fn conv2d_matches_its_definition() {
    let cases = [
        ConvCase { ..PLAIN },
        ConvCase { residual: true, activation: "relu", ..PLAIN },
        ConvCase { filters: 7, activation: "sigmoid", residual: true, ..PLAIN },
        ConvCase { filters: 24, activation: "clip", ..PLAIN },
        ConvCase { strides: [2, 2], ..PLAIN },
        ConvCase { kernel: [3, 3], pads: [1, 1, 1, 1], ..PLAIN },
        ConvCase { kernel: [3, 3], pads: [0, 0, 1, 1], strides: [2, 2], activation: "clip", ..PLAIN },
        ConvCase { kernel: [3, 2], pads: [2, 0, 1, 3], dilations: [2, 3], ..PLAIN },
        ConvCase { input: [15, 13, 3], filters: 32, kernel: [7, 7], pads: [3, 3, 3, 3], strides: [2, 2], activation: "relu", ..PLAIN },
        ConvCase { input: [5, 5, 1], filters: 1, kernel: [3, 3], pads: [1, 1, 1, 1], ..PLAIN },
        ConvCase { input: [1, 1, 17], filters: 33, ..PLAIN },
        ConvCase { input: [6, 5, 24], filters: 36, groups: 3, kernel: [3, 3], pads: [1, 1, 1, 1], residual: true, ..PLAIN },
        ConvCase { input: [6, 5, 8], filters: 24, groups: 8, kernel: [3, 3], pads: [1, 1, 1, 1], ..PLAIN },
        // Kernels that lie in padding altogether for some output pixels.
        ConvCase { input: [2, 2, 9], kernel: [2, 2], pads: [4, 4, 4, 4], ..PLAIN },
    ];
    cases.iter().for_each(|case| check_conv(case, LIMIT));
}

#[test]
fn winograd_matches_the_definition() {
    let plain = ConvCase { input: [14, 14, 32], filters: 48, kernel: [3, 3], pads: [1; 4], ..PLAIN };
    let cases = [
        ConvCase { ..plain },
        ConvCase { residual: true, activation: "relu", ..plain },
        ConvCase { input: [19, 22, 64], pads: [0, 1, 2, 0], filters: 32, activation: "clip", ..plain },
        ConvCase { input: [15, 15, 160], filters: 64, residual: true, activation: "sigmoid", ..plain },
    ];
    cases.iter().for_each(|case| check_conv(case, WINOGRAD_LIMIT));
}

#[test]
fn depthwise_conv2d_matches_its_definition() {
    let plain = ConvCase { input: [9, 11, 19], filters: 19, kernel: [3, 3], pads: [1; 4], groups: 19, activation: "clip", ..PLAIN };
    let cases = [
        ConvCase { ..plain },
        ConvCase { strides: [2, 2], ..plain },
        ConvCase { strides: [2, 2], pads: [0, 0, 1, 1], residual: true, ..plain },
        ConvCase { kernel: [5, 5], pads: [2; 4], activation: "sigmoid", ..plain },
        ConvCase { dilations: [2, 2], pads: [2; 4], activation: "relu", residual: true, ..plain },
        ConvCase { input: [9, 11, 96], filters: 96, groups: 96, ..plain },
        ConvCase { input: [1, 1, 8], filters: 8, groups: 8, ..plain },
        ConvCase { input: [3, 2, 40], filters: 40, groups: 40, kernel: [4, 1], pads: [3, 0, 0, 2], ..plain },
        ConvCase { input: [2, 30, 32], filters: 32, groups: 32, strides: [1, 3], ..plain },
    ];
    cases.iter().for_each(|case| check_conv(case, LIMIT));
}

#[test]
fn gemm_matches_its_definition() {
    let cases = [(vec![], 1, 1), (vec![], 64, 17), (vec![7], 33, 16), (vec![2, 3], 19, 8), (vec![50], 129, 100), (vec![1], 1300, 9)];
    for (lead, k, n) in cases {
        for (residual, activation) in [(false, "none"), (true, "relu"), (true, "sigmoid"), (false, "clip")] {
            let output = [lead.clone(), vec![n]].concat();
            let rows: usize = lead.iter().product();
            let mut step =
                json!({ "op": "gemm", "x": 0, "weight": "w", "bias": "b", "activation": { "kind": activation, "min": -2.0, "max": 3.0 } });
            if residual {
                step["residual"] = json!(1);
            }
            let inputs = vec![[lead.clone(), vec![k]].concat(), output.clone()];
            let Ran { inputs, weights, y } = Case { step, inputs, weights: vec![("w", vec![n, k]), ("b", vec![n])], output }.run();
            let expected: Vec<f64> = (0..ITEMS * rows * n)
                .map(|at| {
                    let (row, column) = (at / n, at % n);
                    let products = (0..k).map(|i| f64::from(inputs[0][row * k + i]) * f64::from(weights[0][column * k + i]));
                    let sum = products.sum::<f64>() + f64::from(weights[1][column]);
                    activate(activation, if residual { sum + f64::from(inputs[1][at]) } else { sum })
                })
                .collect();
            assert_close(&y, &expected, LIMIT, &format!("gemm {lead:?} k {k} n {n} {activation}"));
        }
    }
}

#[test]
fn matmul_matches_its_definition() {
    for (lead, m, k, n) in [(vec![], 1, 1, 1), (vec![4], 7, 5, 17), (vec![2, 3], 13, 32, 16), (vec![2], 3, 100, 40)] {
        for (a_weight, b_weight) in [(false, false), (true, false), (false, true), (true, true)] {
            if (a_weight && b_weight) && !lead.is_empty() {
                continue;
            }
            let count: usize = lead.iter().product();
            let (a_shape, b_shape) = (vec![m, k], vec![k, n]);
            let batched = |shape: &Vec<usize>| [lead.clone(), shape.clone()].concat();
            let mut step = json!({ "op": "matmul" });
            let (mut inputs, mut weights) = (vec![], vec![]);
            for (side, shape, is_weight) in [("a", &a_shape, a_weight), ("b", &b_shape, b_weight)] {
                if is_weight {
                    step[format!("{side}Weight")] = json!(side);
                    weights.push((side, shape.clone()));
                } else {
                    step[side] = json!(inputs.len());
                    inputs.push(batched(shape));
                }
            }
            let output = batched(&vec![m, n]);
            let Ran { inputs, weights, y } = Case { step, inputs, weights, output }.run();
            let a = if a_weight { &weights[0] } else { &inputs[0] };
            let b = if b_weight { &weights[usize::from(a_weight)] } else { &inputs[usize::from(!a_weight)] };
            let expected: Vec<f64> = (0..ITEMS * count * m * n)
                .map(|at| {
                    let (product, row, column) = (at / (m * n), at / n % m, at % n);
                    let base = |is_weight: bool, size: usize| if is_weight { 0 } else { product * size };
                    let (a, b) = (&a[base(a_weight, m * k)..], &b[base(b_weight, k * n)..]);
                    (0..k).map(|i| f64::from(a[row * k + i]) * f64::from(b[i * n + column])).sum()
                })
                .collect();
            assert_close(&y, &expected, LIMIT, &format!("matmul {lead:?} {m} {k} {n} weights {a_weight} {b_weight}"));
        }
    }
}
