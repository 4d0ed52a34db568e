//! Whole plans: order of inputs and outputs, reuse of buffers, images, and everything that must be refused.
#![allow(clippy::unwrap_used)]

mod common;
use common::numbers;
use diptych_kernels::{CompiledPlan, Image, check_plan};
use serde_json::{Value, json};

const BATCH: usize = 7;

/// image → 3x3 conv → two branches that meet again → pool → gemm, and a tensor input added at the end.
fn network() -> Value {
    let conv = |name: &str, x: i64, output: i64, residual: Option<i64>| {
        let mut step = json!({
            "op": "conv2d", "name": name, "x": x, "output": output, "weight": name, "strides": [1, 1], "pads": [1, 1, 1, 1],
            "dilations": [1, 1], "groups": 1, "activation": { "kind": "relu" },
        });
        if let Some(residual) = residual {
            step["residual"] = json!(residual);
        }
        step
    };
    json!({
        "version": 1, "name": "network", "batch": BATCH,
        "values": [
            { "id": 10, "shape": [6, 6, 3] }, { "id": 11, "shape": [6, 6, 4] }, { "id": 12, "shape": [6, 6, 4] }, { "id": 13, "shape": [6, 6, 4] },
            { "id": 14, "shape": [4] }, { "id": 15, "shape": [2, 2] }, { "id": 16, "shape": [4] }, { "id": 17, "shape": [5] }, { "id": 18, "shape": [5] },
            { "id": 3, "shape": [5] },
        ],
        "weights": [
            { "name": "c1", "shape": [4, 3, 3, 3] }, { "name": "c2", "shape": [4, 3, 3, 4] }, { "name": "c3", "shape": [4, 3, 3, 4] },
            { "name": "w", "shape": [5, 4] }, { "name": "b", "shape": [5] },
        ],
        "steps": [
            { "op": "image", "name": "image", "output": 10, "input": "picture", "recipe": [
                { "step": "resize-short-side", "filter": "pillow-bilinear", "size": 8 },
                { "step": "centre-crop", "width": 6, "height": 6 },
                { "step": "normalise", "scale": 0.01, "mean": [0.5, 0.5, 0.5], "deviation": [0.25, 0.25, 0.25] },
            ] },
            conv("c1", 10, 11, None), conv("c2", 11, 12, None), conv("c3", 12, 13, Some(11)),
            { "op": "global-average-pool", "name": "pool", "x": 13, "output": 14 },
            { "op": "reshape", "name": "there", "x": 14, "output": 15 },
            { "op": "reshape", "name": "back", "x": 15, "output": 16 },
            { "op": "gemm", "name": "w", "x": 16, "output": 17, "weight": "w", "bias": "b", "activation": { "kind": "none" } },
            { "op": "binary", "function": "add", "name": "add", "a": 17, "aStrides": [1], "b": 3, "bStrides": [1], "output": 18 },
        ],
        "inputs": { "extra": 3 },
        "outputs": { "sum": { "value": 18, "shape": [5] }, "pooled": { "value": 15, "shape": [4, 1, 1] } },
    })
}

fn weights(plan: &Value) -> Vec<Vec<f32>> {
    let shapes = plan["weights"].as_array().unwrap().iter();
    let sizes = shapes.map(|weight| weight["shape"].as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as usize).product());
    sizes.zip(1..).map(|(size, seed)| numbers(size, seed)).collect()
}

fn compile(plan: &Value, threads: usize) -> diptych_kernels::Result<CompiledPlan> {
    let weights = weights(&network());
    let weights: Vec<&[f32]> = weights.iter().map(Vec::as_slice).collect();
    CompiledPlan::new(&plan.to_string(), &weights, threads)
}

fn picture(seed: usize) -> Image<'static> {
    let (width, height) = (9 + seed % 4, 8 + seed % 3);
    Image::new(width, height, 3, &(0..width * height * 3).map(|at| (at * (seed + 3) % 256) as u8).collect::<Vec<_>>()).unwrap()
}

fn code<T>(result: diptych_kernels::Result<T>) -> &'static str {
    result.err().map_or("none", |error| error.code())
}

#[test]
fn an_item_gives_the_same_in_any_batch_on_any_number_of_threads() {
    let images: Vec<Image> = (0..BATCH).map(picture).collect();
    let extra = numbers(BATCH * 5, 9);
    let single = compile(&network(), 1).unwrap();
    for threads in [0, 1, 2, 3, 16] {
        let plan = compile(&network(), threads).unwrap();
        for items in [BATCH, 0, 1, 2, BATCH] {
            let outputs = plan.run(items, &[&extra[..items * 5]], &[&images[..items]]).unwrap();
            assert_eq!((outputs[0].len(), outputs[1].len()), (items * 4, items * 5));
            for item in 0..items {
                let alone = single.run(1, &[&extra[item * 5..][..5]], &[&images[item..][..1]]).unwrap();
                // Outputs are in sorted order: pooled, sum.
                assert_eq!(outputs[0][item * 4..][..4], alone[0]);
                assert_eq!(outputs[1][item * 5..][..5], alone[1]);
            }
        }
    }
}

#[test]
fn runs_side_by_side_do_not_disturb_each_other() {
    let plan = compile(&network(), 2).unwrap();
    let extra = numbers(BATCH * 5, 9);
    let batches: Vec<Vec<Image>> = (0..4).map(|run| (0..BATCH).map(|item| picture(run * 10 + item)).collect()).collect();
    let expected: Vec<_> = batches.iter().map(|images| plan.run(BATCH, &[&extra], &[images]).unwrap()).collect();
    std::thread::scope(|scope| {
        for (images, expected) in batches.iter().zip(&expected) {
            let (plan, extra) = (&plan, &extra);
            scope.spawn(move || assert_eq!(&plan.run(BATCH, &[extra], &[images]).unwrap(), expected));
        }
    });
}

#[test]
fn wrong_inputs_are_refused_and_leave_the_plan_usable() {
    let plan = compile(&network(), 2).unwrap();
    let (images, extra) = ([picture(1)], numbers(5, 1));
    let good = plan.run(1, &[&extra], &[&images]).unwrap();
    let faults = [
        plan.run(BATCH + 1, &[&extra], &[&images]),
        plan.run(usize::MAX, &[&extra], &[&images]),
        plan.run(1, &[], &[&images]),
        plan.run(1, &[&extra, &extra], &[&images]),
        plan.run(1, &[&extra[..4]], &[&images]),
        plan.run(1, &[&extra], &[]),
        plan.run(1, &[&extra], &[&[]]),
        plan.run(1, &[&extra], &[&images, &images]),
        plan.run(0, &[&[]], &[&images]),
    ];
    for fault in faults {
        assert_eq!(code(fault), "GRAPH_INVALID");
    }
    assert_eq!(plan.run(1, &[&extra], &[&images]).unwrap(), good);
}

#[test]
fn wrong_weights_are_refused() {
    let json = network().to_string();
    let weights = weights(&network());
    let all: Vec<&[f32]> = weights.iter().map(Vec::as_slice).collect();
    assert_eq!(code(CompiledPlan::new(&json, &all[1..], 1)), "GRAPH_INVALID");
    let mut short = all.clone();
    short[2] = &short[2][1..];
    assert_eq!(code(CompiledPlan::new(&json, &short, 1)), "GRAPH_INVALID");
    assert_eq!(code(CompiledPlan::new(&json, &all, 1_000_000)), "GRAPH_INVALID");
}

#[test]
fn unsupported_steps_are_listed_together() {
    let mut plan = network();
    plan["steps"][4]["op"] = json!("fold");
    plan["steps"][7]["activation"]["kind"] = json!("no-such");
    let checked = check_plan(&plan.to_string()).unwrap();
    let report: Value = serde_json::from_str(&checked.report().unwrap()).unwrap();
    assert_eq!(report[0], json!({ "step": "pool", "op": "fold", "reason": "this backend does not know the op" }));
    assert_eq!(report[1], json!({ "step": "w", "op": "gemm", "reason": "this backend does not know the activation `no-such`" }));
    assert_eq!(code(compile(&plan, 1)), "OP_UNSUPPORTED");
    assert_eq!(check_plan(&network().to_string()).unwrap().report().unwrap(), "[]");
}

#[test]
fn a_plan_beyond_memory_is_refused_before_memory_is_taken() {
    let plan = json!({
        "version": 1, "name": "huge", "batch": 1_000_000, "values": [{ "id": 0, "shape": [1_000_000] }, { "id": 1, "shape": [1_000_000] }],
        "weights": [], "steps": [{ "op": "unary", "name": "u", "function": "exp", "x": 0, "output": 1 }],
        "inputs": { "x": 0 }, "outputs": { "y": { "value": 1, "shape": [1_000_000] } },
    });
    assert_eq!(code(CompiledPlan::new(&plan.to_string(), &[], 1)), "OUT_OF_MEMORY");
}

/// By trying every number of rows that may run together it would take an hour.
#[test]
fn convolutions_of_an_image_that_is_far_too_high_are_refused_at_once() {
    let conv = |x: usize| {
        json!({
            "op": "conv2d", "name": "c", "x": x, "output": x + 1, "weight": "w", "strides": [1, 1], "pads": [1, 0, 1, 0], "dilations": [1, 1],
            "groups": 1, "activation": { "kind": "none" },
        })
    };
    let shape = [1usize << 36, 1, 1];
    let plan = json!({
        "version": 1, "name": "high", "batch": 1, "values": (0..3).map(|id| json!({ "id": id, "shape": shape })).collect::<Vec<_>>(),
        "weights": [{ "name": "w", "shape": [1, 3, 1, 1] }], "steps": [conv(0), conv(1)],
        "inputs": { "x": 0 }, "outputs": { "y": { "value": 2, "shape": shape } },
    });
    assert_eq!(code(CompiledPlan::new(&plan.to_string(), &[&[1.0; 3]], 1)), "OUT_OF_MEMORY");
}

/// 27/14 of 21 pixels is 40.5, which goes to the even neighbour: a factor that is off by its last bit makes 41 of it.
#[test]
fn numbers_of_a_plan_are_read_to_the_last_bit() {
    let recipe = json!([
        { "step": "resize-by", "filter": "pillow-nearest", "factor": 27.0 / 14.0 },
        { "step": "normalise", "scale": 1.0, "mean": [0.0, 0.0, 0.0], "deviation": [1.0, 1.0, 1.0] },
    ]);
    let plan = json!({
        "version": 1, "name": "enlarged", "batch": 1, "values": [{ "id": 0, "shape": [40, 40, 3] }], "weights": [],
        "steps": [{ "op": "image", "name": "image", "output": 0, "input": "picture", "recipe": recipe }],
        "inputs": {}, "outputs": { "y": { "value": 0, "shape": [40, 40, 3] } },
    });
    let compiled = CompiledPlan::new(&plan.to_string(), &[], 1).unwrap();
    let image = Image::new(21, 21, 3, &[7; 21 * 21 * 3]).unwrap();
    assert_eq!(compiled.run(1, &[], &[&[image]]).unwrap()[0], [7.0; 40 * 40 * 3]);
}

/// Paths to every node of a JSON document.
fn paths(value: &Value, prefix: &str, found: &mut Vec<String>) {
    found.push(prefix.to_owned());
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| paths(item, &format!("{prefix}/{index}"), found)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| paths(field, &format!("{prefix}/{name}"), found)),
        _ => {}
    }
}

#[test]
fn mutated_plans_give_errors_or_run_but_never_panic() {
    let mut found = Vec::new();
    paths(&network(), "", &mut found);
    let replacements = [
        json!(null),
        json!(-1),
        json!(0),
        json!(2),
        json!(1e300),
        json!(u64::MAX),
        json!(1u64 << 40),
        json!(0.5),
        json!("x"),
        json!([]),
        json!({}),
        json!([1, 2, 3]),
        json!([1u64 << 62, 4]),
    ];
    let (images, extra) = ([picture(1)], numbers(5, 1));
    let (mut refused, mut accepted) = (0, 0);
    for path in &found {
        for replacement in &replacements {
            let mut plan = network();
            *plan.pointer_mut(path).unwrap() = replacement.clone();
            match compile(&plan, 1) {
                Err(error) => {
                    assert_ne!(error.code(), "INVARIANT_BROKEN", "{path} = {replacement}: {error}");
                    refused += 1;
                }
                Ok(compiled) => {
                    if let Err(error) = compiled.run(1, &[&extra], &[&images]) {
                        assert_ne!(error.code(), "INVARIANT_BROKEN", "{path} = {replacement}: {error}");
                    }
                    accepted += 1;
                }
            }
        }
    }
    assert!(refused > 1000 && accepted > 50, "{refused} refused, {accepted} accepted");
}
