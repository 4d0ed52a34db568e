//! Quantisation and products of integers against loops written from their definitions.
#![allow(clippy::unwrap_used)]

mod common;
use common::{Case, ITEMS, numbers, size};
use diptych_kernels::CompiledPlan;
use serde_json::{Value, json};

/// One step on integers from -128 to 127 with weights of our own, on several thread counts.
fn run(step: Value, input: &[usize], weights: Vec<(&'static str, Vec<usize>, Vec<f32>)>, output: &[usize]) -> (Vec<f32>, Vec<f32>) {
    let shapes = weights.iter().map(|(name, shape, _)| (*name, shape.clone())).collect();
    let case = Case { step, inputs: vec![input.to_vec()], weights: shapes, output: output.to_vec() };
    let x: Vec<f32> = numbers(ITEMS * size(input), 1).iter().map(|x| (x * 128.0).floor()).collect();
    let slices: Vec<&[f32]> = weights.iter().map(|(_, _, data)| data.as_slice()).collect();
    let runs = [1, 2, 5].map(|threads| {
        let plan = CompiledPlan::new(&case.plan(), &slices, threads).unwrap();
        plan.run(ITEMS, &[&x], &[]).unwrap().remove(0)
    });
    assert!(runs.iter().all(|y| y == &runs[0]));
    let [y, ..] = runs;
    (x, y)
}

/// Integers of `bits` in rows of whole words.
fn words(rows: &[Vec<i32>], bits: usize) -> Vec<f32> {
    let mask = (1u64 << bits) - 1;
    let word = |part: &[i32]| part.iter().enumerate().map(|(at, &v)| (((v as u64) & mask) as u32) << (at * bits)).fold(0, |a, b| a | b);
    rows.iter().flat_map(|row| row.chunks(32 / bits).map(word).map(f32::from_bits).collect::<Vec<_>>()).collect()
}

fn integers(rows: usize, inner: usize, least: i32, most: i32) -> Vec<Vec<i32>> {
    let span = (most - least + 1) as f32;
    let row = |row: usize| numbers(inner, 7 + row as u64).iter().map(|x| least + ((x + 1.0) / 2.0 * span) as i32).collect();
    (0..rows).map(row).collect()
}

#[test]
fn fully_connected_layers_sum_exactly() {
    for (k, n, bits) in [(1, 1, 8), (3, 5, 16), (131, 19, 8), (260, 33, 16)] {
        let rows = if bits == 8 { integers(n, k, -128, 127) } else { integers(n, k, -255, 255) };
        let bias: Vec<i32> = (0..n as i32).map(|at| at * 100_003 - 500_000).collect();
        let scale = numbers(n, 3);
        let weights = vec![
            ("w", vec![n, (k * bits).div_ceil(32)], words(&rows, bits)),
            ("b", vec![n], bias.iter().map(|&b| f32::from_bits(b as u32)).collect()),
            ("s", vec![n], scale.clone()),
        ];
        let step = json!({ "op": "gemm-integer", "x": 0, "zeroPoint": -3, "weight": "w", "weightBits": bits, "bias": "b", "scale": "s" });
        let (x, y) = run(step, &[4, k], weights, &[4, n]);
        for (at, &y) in y.iter().enumerate() {
            let (row, column) = (at / n, at % n);
            let terms = x[row * k..][..k].iter().zip(&rows[column]).map(|(&x, w)| (x as i32 + 3) * w);
            assert_eq!(y, (terms.sum::<i32>() + bias[column]) as f32 * scale[column], "{k} {n} {bits} at {at}");
        }
    }
}

#[test]
fn convolutions_pad_with_their_zero_point_and_requantise() {
    // Groups 1, 2, and one for each of 6 channels.
    for groups in [1, 2, 6] {
        let (height, width, channels, outputs) = (5usize, 4usize, 6usize, 6usize);
        let depth = channels / groups;
        let rows = integers(outputs, 9 * depth, -128, 127);
        let scale: Vec<f32> = numbers(outputs, 3).iter().map(|s| s.abs() / 300.0).collect();
        let weights = vec![("w", vec![outputs, (9 * depth).div_ceil(4)], words(&rows, 8)), ("s", vec![outputs], scale.clone())];
        let step = json!({
            "op": "conv2d-integer", "x": 0, "zeroPoint": 9, "weight": "w", "weightBits": 8, "scale": "s",
            "kernel": [3, 3], "strides": [2, 1], "pads": [1, 1, 1, 1], "dilations": [1, 1], "groups": groups,
            "requantize": { "zeroPoint": 5, "min": -128, "max": 127 },
        });
        let (x, y) = run(step, &[height, width, channels], weights, &[3, 4, outputs]);
        for (at, &y) in y.iter().enumerate() {
            let (item, out_y, out_x, output) = (at / 72, at / 24 % 3, at / 6 % 4, at % 6);
            let mut sum = 0;
            for (tap, weights) in rows[output].chunks(depth).enumerate() {
                let (Some(from_y), Some(from_x)) = ((out_y * 2 + tap / 3).checked_sub(1), (out_x + tap % 3).checked_sub(1)) else {
                    continue;
                };
                if from_y >= height || from_x >= width {
                    continue;
                }
                let first = ((item * height + from_y) * width + from_x) * channels + output / (outputs / groups) * depth;
                sum += x[first..][..depth].iter().zip(weights).map(|(&x, w)| (x as i32 - 9) * w).sum::<i32>();
            }
            let expected = ((sum as f32 * scale[output]).round_ties_even() + 5.0).clamp(-128.0, 127.0);
            assert_eq!(y, expected, "{groups} groups at {at}");
        }
    }
}

#[test]
fn halves_go_to_the_even_integer() {
    let step = json!({ "op": "quantize", "x": 0, "parametersWeight": "p", "dimension": 0, "min": -2, "max": 60, "dequantize": false });
    let (x, y) = run(step, &[40], vec![("p", vec![1, 2], vec![2.0, 7.0])], &[40]);
    for (x, y) in x.iter().zip(y) {
        // x is an integer, so x / 2 ends in 0 or in a half.
        let below = (*x as i32).div_euclid(2);
        let rounded = if *x as i32 % 2 == 0 || below % 2 == 0 { below } else { below + 1 };
        assert_eq!(y, (rounded + 7).clamp(-2, 60) as f32, "{x}");
    }
}

#[test]
fn products_that_do_not_fit_are_refused() {
    let step = json!({ "op": "gemm-integer", "x": 0, "zeroPoint": 0, "weight": "w", "weightBits": 8 });
    let case = Case { step, inputs: vec![vec![5]], weights: vec![("w", vec![3, 1])], output: vec![3] };
    assert!(CompiledPlan::new(&case.plan(), &[&[0.0; 3]], 1).is_err_and(|error| error.code() == "GRAPH_INVALID"));
}
