//! Values as bytes and joined steps give the numbers of the plan: the same plan with all its values as outputs, which keeps
//! them floats and apart, gives the same bits.
#![allow(clippy::unwrap_used)]

mod common;
use common::{numbers, size};
use diptych_kernels::CompiledPlan;
use serde_json::{Value, json};

const ITEMS: usize = 3;

struct Network {
    shapes: Vec<Vec<usize>>,
    weights: Vec<(&'static str, Vec<usize>, Vec<f32>)>,
    steps: Vec<Value>,
}

impl Network {
    fn run(&self, outputs: &[usize], threads: usize) -> Vec<Vec<f32>> {
        let values: Vec<_> = self.shapes.iter().enumerate().map(|(id, shape)| json!({ "id": id, "shape": shape })).collect();
        let weights: Vec<_> = self.weights.iter().map(|(name, shape, _)| json!({ "name": name, "shape": shape })).collect();
        let output = |&value: &usize| (format!("{value:03}"), json!({ "value": value, "shape": self.shapes[value] }));
        let outputs: serde_json::Map<_, _> = outputs.iter().map(output).collect();
        let plan = json!({
            "version": 1, "name": "narrow", "batch": ITEMS, "values": values, "weights": weights, "steps": self.steps,
            "inputs": { "x": 0 }, "outputs": outputs,
        });
        let weights: Vec<&[f32]> = self.weights.iter().map(|(_, _, data)| data.as_slice()).collect();
        let x = numbers(ITEMS * size(&self.shapes[0]), 5);
        CompiledPlan::new(&plan.to_string(), &weights, threads).unwrap().run(ITEMS, &[&x], &[]).unwrap()
    }

    fn check(&self) {
        let last = self.shapes.len() - 1;
        let all: Vec<usize> = (1..=last).collect();
        let expected = self.run(&all, 1).pop().unwrap();
        assert!(expected.iter().any(|&y| y != expected[0]), "the network computes nothing");
        for threads in [1, 2, 5] {
            let y = self.run(&[last], threads).remove(0);
            assert!(y.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()), "{threads} threads");
        }
    }
}

/// Bytes of `[outputs, inner]` in rows of whole words.
fn bytes(outputs: usize, inner: usize) -> (Vec<usize>, Vec<f32>) {
    let words = inner.div_ceil(4);
    let byte = |at: usize| if at % (4 * words) < inner { (at * 89 % 251) as u8 } else { 0 };
    let word = |at: usize| f32::from_bits(u32::from_le_bytes(std::array::from_fn(|byte_at| byte(4 * at + byte_at))));
    (vec![outputs, words], (0..outputs * words).map(word).collect())
}

fn quantize(x: usize, output: usize, pairs: &str, range: [i32; 2], dequantize: bool) -> Value {
    json!({
        "op": "quantize", "name": "q", "x": x, "parametersWeight": pairs, "dimension": 2, "min": range[0], "max": range[1],
        "dequantize": dequantize, "output": output,
    })
}

fn conv(x: usize, output: usize, weight: &str, kernel: usize, stride: usize, groups: usize, zero_point: i32) -> Value {
    let pad = kernel / 2;
    json!({
        "op": "conv2d-integer", "name": "c", "x": x, "zeroPoint": zero_point, "weight": weight, "weightBits": 8, "bias": "bias",
        "scale": "scale", "kernel": [kernel, kernel], "strides": [stride, stride], "pads": [pad, pad, pad, pad],
        "dilations": [1, 1], "groups": groups, "output": output,
    })
}

fn binary(function: &str, a: Value, b: Value, strides: [Vec<usize>; 2], output: usize) -> Value {
    let side = |letter: &str, side: Value| if side.is_number() { (letter.to_owned(), side) } else { (format!("{letter}Weight"), side) };
    let mut step =
        json!({ "op": "binary", "name": "b", "function": function, "aStrides": strides[0], "bStrides": strides[1], "output": output });
    step.as_object_mut().unwrap().extend([side("a", a), side("b", b)]);
    step
}

/// A residual block with a stem of three channels, pooling, depthwise and grouped layers, in the forms operator and QDQ.
#[test]
fn residual_blocks_of_bytes() {
    for (range, zero_point) in [([0, 255], 100.0), ([-128, 127], -7.0)] {
        let channels = 40;
        let map = vec![5, 5, channels];
        let plane = vec![5 * channels, channels, 1];
        let requantize = json!({ "zeroPoint": zero_point, "min": range[0], "max": range[1] });
        let rounded = |mut step: Value| {
            step["requantize"] = requantize.clone();
            step
        };
        let pair = |scale: f32| (vec![1, 2], vec![scale, zero_point]);
        let zero = zero_point as i32;
        let steps = vec![
            quantize(0, 1, "small", range, false),
            rounded(conv(1, 2, "stem", 3, 2, 1, zero)),
            json!({ "op": "pool", "name": "p", "function": "max", "x": 2, "kernel": [3, 3], "strides": [1, 1], "pads": [1, 1, 1, 1], "dilations": [1, 1], "countPad": false, "output": 3 }),
            rounded(conv(3, 4, "depthwise", 3, 1, channels, zero)),
            rounded(conv(4, 5, "grouped", 3, 1, 2, zero)),
            conv(5, 6, "pointwise", 1, 1, 1, zero),
            quantize(6, 7, "large", range, true),
            binary("sub", json!(3), json!("zero"), [plane.clone(), vec![0; 3]], 8),
            binary("mul", json!(8), json!("factor"), [plane.clone(), vec![0; 3]], 9),
            binary("add", json!(7), json!(9), [plane.clone(), plane.clone()], 10),
            quantize(10, 11, "large", range, false),
            quantize(10, 12, "same", range, true),
            conv(11, 13, "square", 3, 1, 1, zero),
            quantize(13, 14, "large", range, false),
            json!({ "op": "transpose", "name": "t", "x": 14, "permutation": [2, 0, 1], "output": 15 }),
            json!({ "op": "reshape", "name": "r", "x": 15, "output": 16 }),
            json!({ "op": "gemm-integer", "name": "g", "x": 16, "zeroPoint": zero, "weight": "fc", "weightBits": 8, "output": 17 }),
            binary("add", json!(17), json!("row"), [vec![25, 1], vec![0, 1]], 18),
            json!({ "op": "unary", "name": "u", "function": "sigmoid", "x": 18, "output": 19 }),
            quantize(19, 20, "tiny", range, true),
            json!({ "op": "transpose", "name": "t", "x": 20, "permutation": [1, 0], "output": 21 }),
            json!({ "op": "reshape", "name": "r", "x": 21, "output": 22 }),
            binary("mul", json!(22), json!(12), [plane.clone(), plane], 23),
        ];
        let scales: Vec<f32> = numbers(channels, 3).iter().map(|s| s.abs() / 300.0 + 1e-4).collect();
        let bias = (0..channels as i32).map(|at| f32::from_bits((at * 37 - 700) as u32)).collect();
        let mut shapes = vec![vec![10, 10, 4], vec![10, 10, 4]];
        shapes.extend(vec![map.clone(); 13]);
        shapes.extend([
            vec![channels, 5, 5],
            vec![channels, 25],
            vec![channels, 25],
            vec![channels, 25],
            vec![channels, 25],
            vec![channels, 25],
            vec![25, channels],
            map.clone(),
            map,
        ]);
        let named = |name, (shape, data)| (name, shape, data);
        let network = Network {
            shapes,
            steps,
            weights: vec![
                named("small", pair(0.01)),
                named("large", pair(0.7)),
                named("same", pair(0.7)),
                named("tiny", pair(0.004)),
                named("stem", bytes(channels, 36)),
                named("depthwise", bytes(channels, 9)),
                named("grouped", bytes(channels, 9 * channels / 2)),
                named("pointwise", bytes(channels, channels)),
                named("square", bytes(channels, 9 * channels)),
                named("fc", bytes(25, 25)),
                ("scale", vec![channels], scales),
                ("bias", vec![channels], bias),
                ("zero", vec![], vec![zero_point]),
                ("factor", vec![], vec![0.03]),
                ("row", vec![25], numbers(25, 8)),
            ],
        };
        network.check();
    }
}

/// A layer alone: channels in and out, groups, kernel, stride and dilation as (y, x).
struct Layer {
    channels: [usize; 3],
    kernel: [usize; 2],
    strides: [usize; 2],
    dilations: [usize; 2],
}

impl Layer {
    /// Quantised, multiplied, rounded and dequantised; `scale` of the products, `pair` of what they are rounded to.
    fn network(&self, scale: f32, pair: [f32; 2], [min, max]: [i32; 2], two_factors: bool) -> Network {
        let Layer { channels: [channels, outputs, groups], kernel, strides, dilations } = *self;
        let side = 12;
        let reach = |axis: usize| (kernel[axis] - 1) * dilations[axis] + 1;
        let pads = [reach(0) / 2, reach(1) / 2, reach(0) / 2, reach(1) / 2];
        let out = |axis: usize| (side + 2 * pads[axis] - reach(axis)) / strides[axis] + 1;
        let map = vec![out(0), out(1), outputs];
        let mut step = json!({
            "op": "conv2d-integer", "name": "c", "x": 1, "zeroPoint": 100, "weight": "w", "weightBits": 8, "bias": "bias", "scale": "scale",
            "kernel": kernel, "strides": strides, "pads": pads, "dilations": dilations, "groups": groups, "output": 2,
        });
        let mut steps = vec![quantize(0, 1, "small", [0, 255], false)];
        let mut shapes = vec![vec![side, side, channels]; 2];
        shapes.extend([map.clone(), map.clone(), map]);
        if two_factors {
            steps.extend([step, quantize(2, 3, "pair", [min, max], false)]);
        } else {
            step["requantize"] = json!({ "zeroPoint": pair[1], "min": min, "max": max });
            steps.extend([step, json!({ "op": "reshape", "name": "r", "x": 2, "output": 3 })]);
        }
        steps.push(binary("mul", json!(3), json!("factor"), [vec![out(1) * outputs, outputs, 1], vec![0; 3]], 4));
        let (shape, weight) = bytes(outputs, kernel[0] * kernel[1] * channels / groups);
        let scales = numbers(outputs, 3).iter().map(|s| (s.abs() + 0.01) * scale).collect();
        let bias = (0..outputs as i32).map(|at| f32::from_bits((at * 37 - 700) as u32)).collect();
        let weights = vec![
            ("small", vec![1, 2], vec![0.01, 100.0]),
            ("pair", vec![1, 2], pair.to_vec()),
            ("w", shape, weight),
            ("scale", vec![outputs], scales),
            ("bias", vec![outputs], bias),
            ("factor", vec![], vec![0.03]),
        ];
        Network { shapes, steps, weights }
    }
}

/// Windows of less and more than four rows, in place, in padded lines and gathered; numbers of all, some and no column that a
/// vector has room for; sums that leave 32 bits once they are scaled.
#[test]
fn layers_of_bytes() {
    let layer = |channels, kernel, strides, dilations| Layer { channels, kernel, strides, dilations };
    for layer in [
        layer([32, 32, 32], [3, 3], [1, 1], [1, 1]),
        layer([100, 100, 100], [3, 3], [2, 2], [1, 1]),
        layer([144, 144, 144], [5, 5], [1, 2], [1, 1]),
        layer([12, 12, 12], [9, 1], [1, 1], [1, 1]),
        layer([20, 20, 20], [2, 3], [2, 1], [3, 2]),
        layer([3, 32, 1], [7, 7], [2, 2], [1, 1]),
        layer([3, 20, 1], [3, 3], [1, 2], [2, 1]),
        layer([5, 50, 1], [1, 1], [1, 1], [1, 1]),
        layer([3, 4, 1], [3, 3], [1, 1], [1, 2]),
        layer([6, 34, 2], [3, 3], [1, 1], [1, 1]),
        layer([8, 64, 2], [3, 3], [2, 2], [2, 1]),
        // Mostly padding.
        layer([20, 20, 20], [1, 3], [1, 1], [1, 60]),
        layer([3, 20, 1], [1, 101], [1, 1], [1, 1]),
    ] {
        for two_factors in [false, true] {
            for (scale, pair, range) in [
                (0.003, [0.9, 120.0], [0, 255]),
                (0.003, [0.9, -7.0], [-128, 127]),
                (0.003, [0.9, 12.0], [12, 200]),
                (1e7, [0.9, 120.0], [0, 255]),
                (1e-4, [1e-31, 3.0], [0, 255]),
            ] {
                layer.network(scale, pair, range, two_factors).check();
            }
        }
    }
}

/// Ranges of items, the zero point taken by the product, and three channels, which are gathered.
#[test]
fn dynamic_ranges_of_bytes() {
    let map = vec![6, 6, 3];
    let (rest, third) = (vec![6, 6, 20], vec![6 * 20, 20, 1]);
    let steps = vec![
        json!({ "op": "quantize-range", "name": "r", "x": 0, "output": 1 }),
        json!({ "op": "quantize", "name": "q", "x": 0, "parameters": 1, "dimension": 0, "min": 0, "max": 255, "dequantize": false, "output": 2 }),
        json!({ "op": "reshape", "name": "r", "x": 1, "output": 3 }),
        json!({ "op": "pad", "name": "p", "x": 3, "pads": [-1, 0, 0, 0], "value": 0, "output": 4 }),
        json!({ "op": "pad", "name": "p", "x": 3, "pads": [0, 0, -1, 0], "value": 0, "output": 5 }),
        binary("sub", json!(2), json!(4), [vec![18, 3, 1], vec![0; 3]], 6),
        conv(6, 7, "conv", 3, 1, 1, 0),
        binary("mul", json!(7), json!(5), [third.clone(), vec![0; 3]], 8),
        binary("add", json!(8), json!("row"), [third, vec![0, 0, 1]], 9),
    ];
    let (shape, conv) = bytes(20, 27);
    let network = Network {
        shapes: vec![map.clone(), vec![2], map.clone(), vec![2, 1, 1], vec![1, 1, 1], vec![1, 1, 1], map, rest.clone(), rest.clone(), rest],
        steps,
        weights: vec![
            ("conv", shape, conv),
            ("scale", vec![20], vec![0.1; 20]),
            ("bias", vec![20], vec![0.0; 20]),
            ("row", vec![20], numbers(20, 8)),
        ],
    };
    network.check();
}

/// x · sigmoid(1.702 · x) of rounded numbers, each step rounded again: a function of one byte, which several read; with other
/// readers beside, and with so few elements that no table is made.
#[test]
fn functions_of_one_byte() {
    for (rows, channels) in [(40, 48), (3, 4)] {
        let map = vec![rows, channels];
        let whole = vec![channels, 1];
        for dequantises_twice in [false, true] {
            let steps = vec![
                binary("add", json!(0), json!("row"), [whole.clone(), vec![0, 1]], 1),
                quantize(1, 2, "first", [0, 255], true),
                quantize(1, 3, "again", [0, 255], true),
                binary("mul", json!(if dequantises_twice { 3 } else { 2 }), json!("factor"), [whole.clone(), vec![0; 2]], 4),
                quantize(4, 5, "second", [0, 255], true),
                json!({ "op": "unary", "name": "u", "function": "sigmoid", "x": 5, "output": 6 }),
                quantize(6, 7, "third", [-128, 127], true),
                binary("mul", json!(2), json!(7), [whole.clone(), whole.clone()], 8),
                quantize(8, 9, "fourth", [0, 255], false),
                json!({ "op": "gemm-integer", "name": "g", "x": 9, "zeroPoint": 9, "weight": "w", "weightBits": 8, "output": 10 }),
                binary("mul", json!(10), json!(3), [whole.clone(), whole.clone()], 11),
            ];
            let pair = |scale: f32, zero_point: f32| (vec![1, 2], vec![scale, zero_point]);
            let named = |name, (shape, data)| (name, shape, data);
            let network = Network {
                shapes: vec![map.clone(); 12],
                steps,
                weights: vec![
                    named("first", pair(0.017, 123.0)),
                    named("again", pair(0.017, 123.0)),
                    named("second", pair(0.029, 123.0)),
                    named("third", pair(1.0 / 256.0, -128.0)),
                    named("fourth", pair(0.012, 9.0)),
                    named("w", bytes(channels, channels)),
                    ("row", vec![channels], numbers(channels, 8)),
                    ("factor", vec![], vec![1.702]),
                ],
            };
            network.check();
        }
    }
}
