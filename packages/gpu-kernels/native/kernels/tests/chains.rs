//! Steps that run together band by band give what they give one by one, to the bit.
#![allow(clippy::unwrap_used)]

mod common;
use common::numbers;
use diptych_kernels::CompiledPlan;
use serde_json::{Value, json};

const BATCH: usize = 3;
const SHAPES: [[usize; 3]; 6] = [[101, 90, 3], [101, 90, 16], [101, 90, 24], [101, 90, 24], [101, 90, 16], [0, 0, 0]];
const WEIGHTS: [(&str, [usize; 4]); 3] = [("dense", [24, 3, 3, 3]), ("deep", [24, 3, 3, 1]), ("point", [16, 1, 1, 24])];

/// 3x3 → dilated depthwise → 1x1 with a residual → pool. Maps that are outputs of the plan are kept, so that no steps run together.
fn plan(pool: &Value, pooled: [usize; 2], keep: bool) -> Value {
    let conv = |name: &str, x: usize, pad: usize, dilation: usize, groups: usize, activation: Value| {
        json!({
            "op": "conv2d", "name": name, "x": x, "output": x + 1, "weight": name, "strides": [1, 1], "pads": [pad, pad, pad, pad],
            "dilations": [dilation, dilation], "groups": groups, "activation": activation,
        })
    };
    let relu = json!({ "kind": "relu" });
    let mut dense = conv("dense", 1, 1, 1, 1, json!({ "kind": "swish", "alpha": 1.0 }));
    dense["x"] = json!(0);
    let mut point = conv("point", 3, 0, 1, 1, relu.clone());
    point["residual"] = json!(1);
    let mut last = pool.clone();
    for (field, value) in
        [("op", json!("pool")), ("name", json!("pool")), ("function", json!("max")), ("x", json!(4)), ("output", json!(5))]
    {
        last[field] = value;
    }
    let mut shapes = SHAPES;
    shapes[5] = [pooled[0], pooled[1], 16];
    let mut outputs = json!({ "y": { "value": 5, "shape": shapes[5] } });
    for value in if keep { 2..5 } else { 0..0 } {
        outputs[format!("z{value}")] = json!({ "value": value, "shape": shapes[value] });
    }
    json!({
        "version": 1, "name": "chain", "batch": BATCH,
        "values": shapes.iter().enumerate().map(|(id, shape)| json!({ "id": id, "shape": shape })).collect::<Vec<_>>(),
        "weights": WEIGHTS.iter().map(|(name, shape)| json!({ "name": name, "shape": shape })).collect::<Vec<_>>(),
        "steps": [dense, conv("deep", 2, 2, 2, 24, relu), point, last],
        "inputs": { "a": 0, "b": 1 },
        "outputs": outputs,
    })
}

/// 1x1 → depthwise with a residual. The map between is an output where `keep`.
fn expansion([channels, stride, kernel]: [usize; 3], activation: &Value, keep: bool) -> Value {
    let pad = kernel / 2;
    let [height, width] = [9, 14].map(|side| (side + 2 * pad - kernel) / stride + 1);
    let shapes = [[9, 14, 20], [height, width, channels], [9, 14, channels], [height, width, channels]];
    let conv = |name: &str, x: usize, output: usize, pad: usize, stride: usize, groups: usize| {
        json!({
            "op": "conv2d", "name": name, "x": x, "output": output, "weight": name, "bias": format!("{name}-bias"),
            "strides": [stride, stride], "pads": [pad, pad, pad, pad], "dilations": [1, 1], "groups": groups, "activation": activation,
        })
    };
    let mut deep = conv("deep", 2, 3, pad, stride, channels);
    deep["residual"] = json!(1);
    let mut outputs = json!({ "y": { "value": 3, "shape": shapes[3] } });
    if keep {
        outputs["z"] = json!({ "value": 2, "shape": shapes[2] });
    }
    json!({
        "version": 1, "name": "expansion", "batch": BATCH,
        "values": shapes.iter().enumerate().map(|(id, shape)| json!({ "id": id, "shape": shape })).collect::<Vec<_>>(),
        "weights": [
            { "name": "point", "shape": [channels, 1, 1, 20] }, { "name": "point-bias", "shape": [channels] },
            { "name": "deep", "shape": [channels, kernel, kernel, 1] }, { "name": "deep-bias", "shape": [channels] },
        ],
        "steps": [conv("point", 0, 2, 0, 1, 1), deep], "inputs": { "a": 0, "b": 1 }, "outputs": outputs,
    })
}

fn bits(plan: &Value, threads: usize) -> Vec<u32> {
    let sizes = |list: &Value| -> Vec<usize> {
        let shape = |entry: &Value| entry["shape"].as_array().unwrap().iter().map(|side| side.as_u64().unwrap() as usize).product();
        list.as_array().unwrap().iter().map(shape).collect()
    };
    let weights: Vec<Vec<f32>> = sizes(&plan["weights"]).into_iter().zip(1..).map(|(size, seed)| numbers(size, seed)).collect();
    let weights: Vec<&[f32]> = weights.iter().map(Vec::as_slice).collect();
    let values = sizes(&plan["values"]);
    let inputs: Vec<Vec<f32>> = (0..2).map(|input| numbers(BATCH * values[input], 50 + input as u64)).collect();
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let outputs = CompiledPlan::new(&plan.to_string(), &weights, threads).unwrap().run(BATCH, &inputs, &[]).unwrap();
    outputs[0].iter().map(|value| value.to_bits()).collect()
}

#[test]
fn steps_that_run_together_give_what_they_give_alone() {
    let pools = [
        (json!({ "kernel": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "dilations": [1, 1], "countPad": false }), [51, 45]),
        (json!({ "kernel": [1, 1], "strides": [3, 2], "pads": [0, 0, 0, 0], "dilations": [1, 1], "countPad": false }), [34, 45]),
        (json!({ "kernel": [2, 3], "strides": [1, 1], "pads": [0, 2, 1, 0], "dilations": [3, 1], "countPad": false }), [99, 90]),
    ];
    for (pool, pooled) in pools {
        let alone = bits(&plan(&pool, pooled, true), 1);
        for threads in [1, 2, 5] {
            assert!(bits(&plan(&pool, pooled, false), threads) == alone, "{threads} threads, {pool}");
        }
    }
}

#[test]
fn an_expansion_and_its_depthwise_step_give_what_they_give_alone() {
    let activations = [json!({ "kind": "clip", "min": 0, "max": 6 }), json!({ "kind": "swish", "alpha": 1.0 })];
    for sizes in [[96, 1, 3], [96, 2, 3], [41, 1, 3], [24, 2, 5], [7, 1, 3], [50, 1, 1]] {
        for activation in &activations {
            let alone = bits(&expansion(sizes, activation, true), 1);
            for threads in [1, 2, 5] {
                assert!(bits(&expansion(sizes, activation, false), threads) == alone, "{threads} threads, {sizes:?}, {activation}");
            }
        }
    }
}
