//! All other ops against loops written from their definitions.
#![allow(clippy::unwrap_used, clippy::type_complexity)]

mod common;
use common::{Case, ITEMS, Ran, assert_close, numbers, size};
use serde_json::json;

#[test]
fn unary_functions_match_their_definitions() {
    let functions: [(&str, fn(f64) -> f64); 10] = [
        ("relu", |x| x.max(0.0)),
        ("clip", |x| x.clamp(-0.5, 0.25)),
        ("sigmoid", |x| 1.0 / (1.0 + (-x).exp())),
        ("log", f64::ln),
        ("exp", f64::exp),
        ("sqrt", f64::sqrt),
        ("abs", f64::abs),
        ("neg", |x| -x),
        ("tanh", f64::tanh),
        ("reciprocal", |x| 1.0 / x),
    ];
    for (function, expected) in functions {
        let step = json!({ "op": "unary", "function": function, "x": 0, "min": -0.5, "max": 0.25 });
        let case = Case { step, inputs: vec![vec![3, 7]], weights: vec![], output: vec![3, 7] };
        let mut input = numbers(ITEMS * 21, 5);
        if ["log", "sqrt"].contains(&function) {
            input.iter_mut().for_each(|x| *x = x.abs());
        }
        let Ran { inputs, y, .. } = case.run_on(vec![input]);
        let expected: Vec<f64> = inputs[0].iter().map(|&x| expected(f64::from(x))).collect();
        assert_close(&y, &expected, 1e-6, function);
    }
}

#[test]
fn special_values_follow_ieee() {
    let run = |function: &str, x: f32| {
        let step = json!({ "op": "unary", "function": function, "x": 0, "min": -1.0, "max": 1.0, "alpha": 0.7, "beta": 0.3 });
        Case { step, inputs: vec![vec![]], weights: vec![], output: vec![] }.run_on(vec![vec![x; ITEMS]]).y[0]
    };
    assert_eq!(run("log", 0.0), f32::NEG_INFINITY);
    assert_eq!(run("reciprocal", 0.0), f32::INFINITY);
    assert_eq!(run("sigmoid", -1000.0), 0.0);
    assert_eq!(run("sigmoid", 1000.0), 1.0);
    let plain = ["relu", "clip", "sigmoid", "log", "exp", "sqrt", "abs", "neg", "tanh", "reciprocal", "erf", "gelu", "gelu-tanh", "swish"];
    let others =
        ["hard-sigmoid", "hard-swish", "mish", "softplus", "softsign", "leaky-relu", "elu", "selu", "celu", "floor", "round", "sign"];
    for function in [&plain[..], &others].concat() {
        assert!(run(function, f32::NAN).is_nan(), "{function}");
    }
}

#[test]
fn a_nan_survives_a_fused_activation() {
    let step = json!({ "op": "gemm", "x": 0, "weight": "w", "activation": { "kind": "relu" } });
    let case = Case { step, inputs: vec![vec![2]], weights: vec![("w", vec![20, 2])], output: vec![20] };
    assert!(case.run_on(vec![vec![f32::NAN; ITEMS * 2]]).y.iter().all(|y| y.is_nan()));
}

#[test]
fn binary_functions_broadcast_by_strides() {
    let functions: [(&str, fn(f64, f64) -> f64); 6] =
        [("add", |a, b| a + b), ("sub", |a, b| a - b), ("mul", |a, b| a * b), ("div", |a, b| a / b), ("min", f64::min), ("max", f64::max)];
    let shape = [4, 5, 6];
    // Operand shape and strides.
    let operands: [(Vec<usize>, [usize; 3]); 7] = [
        (vec![4, 5, 6], [30, 6, 1]),
        (vec![6], [0, 0, 1]),
        (vec![], [0, 0, 0]),
        (vec![4, 1, 6], [6, 0, 1]),
        (vec![4, 5, 1], [5, 1, 0]),
        (vec![6, 5, 4], [1, 4, 20]),
        (vec![5, 1], [0, 1, 0]),
    ];
    for (function, expected) in functions {
        for (a_shape, a_strides) in &operands {
            for (b_shape, b_strides) in &operands {
                for b_is_weight in [false, true] {
                    let mut step = json!({ "op": "binary", "function": function, "a": 0, "aStrides": a_strides, "bStrides": b_strides });
                    let (mut inputs, mut weights) = (vec![a_shape.clone()], vec![]);
                    if b_is_weight {
                        step["bWeight"] = json!("b");
                        weights.push(("b", b_shape.clone()));
                    } else {
                        step["b"] = json!(1);
                        inputs.push(b_shape.clone());
                    }
                    let Ran { inputs, weights, y } = Case { step, inputs, weights, output: shape.to_vec() }.run();
                    let at =
                        |strides: &[usize; 3], index: usize| index % 6 * strides[2] + index / 6 % 5 * strides[1] + index / 30 * strides[0];
                    let expected: Vec<f64> = (0..ITEMS * 120)
                        .map(|index| {
                            let (item, index) = (index / 120, index % 120);
                            let a = inputs[0][item * size(a_shape) + at(a_strides, index)];
                            let b = match b_is_weight {
                                true => weights[0][at(b_strides, index)],
                                false => inputs[1][item * size(b_shape) + at(b_strides, index)],
                            };
                            expected(f64::from(a), f64::from(b))
                        })
                        .collect();
                    assert_close(&y, &expected, 1e-6, &format!("{function} {a_strides:?} {b_strides:?}"));
                }
            }
        }
    }
}

#[test]
fn windows_of_a_transposed_convolution_add_up() {
    // One channel of 2x2, window of 2x2, stride 1: by hand for the first item.
    let step =
        json!({ "op": "conv-transpose2d", "x": 0, "weight": "w", "strides": [1, 1], "pads": [0, 0], "dilations": [1, 1], "groups": 1 });
    let case = Case { step, inputs: vec![vec![2, 2, 1]], weights: vec![("w", vec![1, 2, 2, 1])], output: vec![3, 3, 1] };
    let Ran { inputs, weights, y } = case.run();
    let (x, w) = (&inputs[0][..4], &weights[0]);
    let expected: Vec<f64> = [
        x[0] * w[0],
        x[0] * w[1] + x[1] * w[0],
        x[1] * w[1],
        x[0] * w[2] + x[2] * w[0],
        x[0] * w[3] + x[1] * w[2] + x[2] * w[1] + x[3] * w[0],
        x[1] * w[3] + x[3] * w[1],
        x[2] * w[2],
        x[2] * w[3] + x[3] * w[2],
        x[3] * w[3],
    ]
    .map(f64::from)
    .to_vec();
    assert_close(&y[..9], &expected, 1e-6, "conv-transpose2d");
}

#[test]
fn normalised_rows_have_mean_0_and_deviation_1() {
    let step = json!({ "op": "normalise", "x": 0, "pixels": 1, "groups": 1, "width": 33, "epsilon": 0.0, "centred": true });
    let Ran { y, .. } = Case { step, inputs: vec![vec![5, 33]], weights: vec![], output: vec![5, 33] }.run();
    for row in y.chunks_exact(33) {
        let mean = row.iter().map(|&y| f64::from(y)).sum::<f64>() / 33.0;
        let variance = row.iter().map(|&y| f64::from(y).powi(2)).sum::<f64>() / 33.0;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-5, "{mean} {variance}");
    }
}

#[test]
fn a_table_that_reads_outside_is_refused() {
    let step = json!({ "op": "resample", "x": 0, "dimension": 0, "indicesWeight": "indices", "factorsWeight": "factors" });
    let case = Case { step, inputs: vec![vec![3, 2]], weights: vec![("indices", vec![2, 1]), ("factors", vec![2, 1])], output: vec![2, 2] };
    let run = |index: f32| diptych_kernels::CompiledPlan::new(&case.plan(), &[&[0.0, index], &[1.0, 1.0]], 1).map(|_| ());
    run(2.0).unwrap();
    for index in [3.0, -1.0, 0.5, f32::NAN] {
        assert!(run(index).unwrap_err().to_string().contains("below 3"), "{index}");
    }
}

#[test]
fn pools_match_their_definition() {
    let cases = [
        ([6, 7, 5], [3, 3], [2, 2], [1, 1, 1, 1]),
        ([6, 7, 5], [2, 2], [2, 2], [0, 0, 0, 0]),
        ([5, 5, 3], [3, 2], [1, 2], [2, 0, 1, 1]),
        ([3, 3, 1], [3, 3], [1, 1], [0, 0, 0, 0]),
    ];
    for ([height, width, channels], kernel, strides, pads) in cases {
        for (function, count_pad) in [("max", false), ("average", false), ("average", true)] {
            let slide = |size: usize, axis: usize| (size + pads[axis] + pads[axis + 2] - kernel[axis]) / strides[axis] + 1;
            let output = vec![slide(height, 0), slide(width, 1), channels];
            let step = json!({ "op": "pool", "function": function, "x": 0, "kernel": kernel, "strides": strides, "pads": pads, "dilations": [1, 1], "countPad": count_pad });
            let Ran { inputs, y, .. } =
                Case { step, inputs: vec![vec![height, width, channels]], weights: vec![], output: output.clone() }.run();
            let mut expected = Vec::new();
            for index in 0..ITEMS * size(&output) {
                let (channel, x) = (index % channels, index / channels % output[1]);
                let (y, item) = (index / channels / output[1] % output[0], index / size(&output));
                let mut window = Vec::new();
                for tap in 0..kernel[0] * kernel[1] {
                    let from_y = (y * strides[0] + tap / kernel[1]) as i64 - pads[0] as i64;
                    let from_x = (x * strides[1] + tap % kernel[1]) as i64 - pads[1] as i64;
                    if (0..height as i64).contains(&from_y) && (0..width as i64).contains(&from_x) {
                        let from = ((item * height + from_y as usize) * width + from_x as usize) * channels + channel;
                        window.push(f64::from(inputs[0][from]));
                    }
                }
                let count = if count_pad { kernel[0] * kernel[1] } else { window.len() };
                expected.push(match function {
                    "max" => window.iter().fold(f64::NEG_INFINITY, |largest, &x| largest.max(x)),
                    _ => window.iter().sum::<f64>() / count as f64,
                });
            }
            assert_close(&y, &expected, 1e-6, &format!("{function} pool {kernel:?} of {height} x {width}"));
        }
    }
}

#[test]
fn means_and_sums_match_their_definition() {
    let shape = vec![5, 7, 3];
    let step = json!({ "op": "global-average-pool", "x": 0 });
    let Ran { inputs, y, .. } = Case { step, inputs: vec![shape.clone()], weights: vec![], output: vec![3] }.run();
    let mean = |item: usize, channel: usize| {
        inputs[0][item * 105..][..105].iter().skip(channel).step_by(3).map(|&x| f64::from(x)).sum::<f64>() / 35.0
    };
    let expected: Vec<f64> = (0..ITEMS * 3).map(|at| mean(at / 3, at % 3)).collect();
    assert_close(&y, &expected, 1e-7, "global average pool");
    for dimension in 0..3 {
        for (function, divisor) in [("sum", 1.0), ("mean", shape[dimension] as f64)] {
            let mut output = shape.clone();
            output[dimension] = 1;
            let step = json!({ "op": "reduce", "function": function, "x": 0, "dimension": dimension });
            let Ran { inputs, y, .. } = Case { step, inputs: vec![shape.clone()], weights: vec![], output: output.clone() }.run();
            let inner: usize = shape[dimension + 1..].iter().product();
            let mut expected = vec![0.0; ITEMS * size(&output)];
            for (at, &x) in inputs[0].iter().enumerate() {
                expected[at / (inner * shape[dimension]) * inner + at % inner] += f64::from(x) / divisor;
            }
            assert_close(&y, &expected, 1e-6, &format!("{function} over {dimension}"));
        }
    }
}

#[test]
fn softmax_matches_its_definition_and_does_not_overflow() {
    let step = json!({ "op": "softmax", "x": 0 });
    let case = Case { step, inputs: vec![vec![4, 9]], weights: vec![], output: vec![4, 9] };
    let input: Vec<f32> = numbers(ITEMS * 36, 3).iter().map(|x| x * 200.0).collect();
    let Ran { inputs, y, .. } = case.run_on(vec![input]);
    let mut expected = Vec::new();
    for row in inputs[0].chunks_exact(9) {
        let largest = row.iter().fold(f64::NEG_INFINITY, |largest, &x| largest.max(f64::from(x)));
        let sum: f64 = row.iter().map(|&x| (f64::from(x) - largest).exp()).sum();
        expected.extend(row.iter().map(|&x| (f64::from(x) - largest).exp() / sum));
    }
    assert_close(&y, &expected, 1e-6, "softmax");
}

#[test]
fn nearest_resize_and_pad_move_pixels() {
    for (input, output) in [([3, 5, 4], [6, 10, 4]), ([7, 6, 2], [3, 4, 2]), ([3, 3, 1], [7, 2, 1])] {
        let step = json!({ "op": "resize-nearest", "x": 0 });
        let Ran { inputs, y, .. } = Case { step, inputs: vec![input.to_vec()], weights: vec![], output: output.to_vec() }.run();
        for (at, &y) in y.iter().enumerate() {
            let (channel, x, row, item) =
                (at % output[2], at / output[2] % output[1], at / output[2] / output[1] % output[0], at / size(&output));
            let from = (item * input[0] + row * input[0] / output[0]) * input[1] + x * input[1] / output[1];
            assert_eq!(y, inputs[0][from * input[2] + channel]);
        }
    }
    for pads in [[1i64, 2, 3, 4], [-1, -2, 0, 0], [2, -1, -3, 3], [-3, 0, 4, 0]] {
        let input = [4i64, 5, 2];
        let output = [input[0] + pads[0] + pads[2], input[1] + pads[1] + pads[3], 2].map(|size| size as usize);
        let step = json!({ "op": "pad", "x": 0, "pads": pads, "value": 0.5 });
        let case = Case { step, inputs: vec![input.map(|size| size as usize).to_vec()], weights: vec![], output: output.to_vec() };
        let Ran { inputs, y, .. } = case.run();
        for (at, &y) in y.iter().enumerate() {
            let (channel, x, row, item) = (at % 2, at / 2 % output[1], at / 2 / output[1] % output[0], at / size(&output));
            let (x, row) = (x as i64 - pads[1], row as i64 - pads[0]);
            let inside = (0..input[0]).contains(&row) && (0..input[1]).contains(&x);
            let expected = if inside { inputs[0][((item as i64 * input[0] + row) * input[1] + x) as usize * 2 + channel] } else { 0.5 };
            assert_eq!(y, expected, "pads {pads:?}");
        }
    }
}

#[test]
fn transposes_permute_and_reshapes_keep_order() {
    let cases: [(&[usize], &[usize]); 7] = [
        (&[3, 4, 5], &[2, 0, 1]),
        (&[3, 4, 5], &[1, 2, 0]),
        (&[3, 4, 5], &[1, 0, 2]),
        (&[3, 4, 5], &[0, 1, 2]),
        (&[37, 41], &[1, 0]),
        (&[2, 3, 4, 5], &[3, 1, 0, 2]),
        (&[6], &[0]),
    ];
    for (shape, permutation) in cases {
        let output: Vec<usize> = permutation.iter().map(|&dimension| shape[dimension]).collect();
        let step = json!({ "op": "transpose", "x": 0, "permutation": permutation });
        let Ran { inputs, y, .. } = Case { step, inputs: vec![shape.to_vec()], weights: vec![], output: output.clone() }.run();
        for (at, &y) in y.iter().enumerate() {
            let (item, mut rest) = (at / size(shape), at % size(shape));
            let mut coordinates = vec![0; shape.len()];
            for dimension in (0..shape.len()).rev() {
                coordinates[permutation[dimension]] = rest % output[dimension];
                rest /= output[dimension];
            }
            let from = coordinates.iter().zip(shape).fold(0, |index, (coordinate, size)| index * size + coordinate);
            assert_eq!(y, inputs[0][item * size(shape) + from], "{shape:?} {permutation:?}");
        }
    }
    let step = json!({ "op": "reshape", "x": 0 });
    let Ran { inputs, y, .. } = Case { step, inputs: vec![vec![4, 6]], weights: vec![], output: vec![3, 8] }.run();
    assert_eq!(y, inputs[0]);
}
