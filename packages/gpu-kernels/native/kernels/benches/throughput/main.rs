//! Medians and spread of whole plans: matrix products, layers, all of MobileNetV2 and ResNet-50, image recipes.
//! On one thread the time is CPU time where the system tells it (Linux), so that a busy machine disturbs less.
//! `cargo bench -p diptych-kernels --bench throughput -- [threads] [filter or plan.json] [precision]`
#![allow(clippy::unwrap_used, clippy::too_many_arguments)]

use diptych_kernels::{CompiledPlan, Image, Precision, Weight, cpu_name};
use serde_json::{Value, json};
use std::time::Instant;

mod clocks;
mod plans;

use clocks::{cpu_seconds, thread_seconds};
use plans::{Work, conv, gemm, mobilenet_v2, resnet_50};

const ROUNDS: usize = 15;

fn weights_of(plan: &Value) -> Vec<Vec<f32>> {
    let size = |shape: &Value| shape.as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as usize).product::<usize>();
    plan["weights"].as_array().unwrap().iter().map(|weight| vec![0.01; size(&weight["shape"])]).collect()
}

/// The plan with weights that are all alike.
fn compile(plan: &Value, threads: usize, precision: Precision) -> CompiledPlan {
    let weights = weights_of(plan);
    let weights: Vec<Weight> = weights.iter().map(|weight| Weight::plain(weight)).collect();
    CompiledPlan::from_weights(&plan.to_string(), &weights, threads, precision).unwrap()
}

/// Seconds: median, fastest, slowest.
fn measure(threads: usize, mut work: impl FnMut()) -> [f64; 3] {
    work();
    let mut seconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let (start, start_cpu) = (Instant::now(), cpu_seconds());
            work();
            match (threads, start_cpu, cpu_seconds()) {
                (1, Some(start), Some(end)) => end - start,
                _ => start.elapsed().as_secs_f64(),
            }
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    [seconds[ROUNDS / 2], seconds[0], seconds[ROUNDS - 1]]
}

/// Multiply-accumulates of one item.
fn products(plan: &Value, step: &Value) -> f64 {
    let size = |shape: &Value| shape.as_array().unwrap().iter().map(|size| size.as_f64().unwrap()).collect::<Vec<_>>();
    let value = |field: &str| size(&plan["values"][step[field].as_u64().unwrap() as usize]["shape"]);
    let weight = |field: &str| {
        let weights = plan["weights"].as_array().unwrap();
        size(&weights.iter().find(|weight| weight["name"] == step[field]).unwrap()["shape"])
    };
    let output: f64 = value("output").iter().product();
    match step["op"].as_str().unwrap() {
        "conv2d" => output * weight("weight")[1..].iter().product::<f64>(),
        "gemm" => output * weight("weight")[1],
        "matmul" => output * if step.get("a").is_some() { value("a") } else { weight("aWeight") }.last().unwrap(),
        _ => 0.0,
    }
}

/// What each kind of step of a plan file costs on one thread: fastest of the rounds, summed by op, shape and kernel.
fn steps_of(path: &str, threads: usize, precision: Precision) {
    let plan: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let compiled = compile(&plan, threads, precision);
    let sizes = plan["inputs"].as_object().unwrap().values().map(|id| {
        let shape = &plan["values"][id.as_u64().unwrap() as usize]["shape"];
        shape.as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as usize).product::<usize>()
    });
    let inputs: Vec<Vec<f32>> = sizes.map(|size| (0..size * compiled.slice()).map(|at| (at % 17) as f32 / 8.0 - 1.0).collect()).collect();
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let mut best: Vec<f64> = vec![];
    for _ in 0..ROUNDS {
        let times: Vec<f64> = compiled.time_steps(&inputs, &[], thread_seconds).unwrap();
        best = if best.is_empty() { times } else { best.iter().zip(&times).map(|(a, b)| a.min(*b)).collect() };
    }
    let items = compiled.slice() as f64;
    let mut kinds: std::collections::BTreeMap<String, (usize, f64, f64)> = Default::default();
    for step in plan["steps"].as_array().unwrap() {
        let seconds = &best[step["output"].as_u64().unwrap() as usize];
        let shape = |field: &str| step.get(field).and_then(Value::as_u64).map(|id| plan["values"][id as usize]["shape"].to_string());
        let kernel = step.get("weight").and_then(|name| {
            let mut weights = plan["weights"].as_array().unwrap().iter();
            weights.find(|weight| &weight["name"] == name).map(|weight| weight["shape"].to_string())
        });
        let op = format!("{} {}", step["op"].as_str().unwrap(), step.get("function").and_then(Value::as_str).unwrap_or(""));
        let key = format!(
            "{op} {} {} to {}",
            shape("x").or(shape("a")).unwrap_or_default(),
            kernel.unwrap_or_default(),
            shape("output").unwrap()
        );
        let kind = kinds.entry(key).or_default();
        *kind = (kind.0 + 1, kind.1 + seconds, kind.2 + 2.0 * items * products(&plan, step));
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by(|a, b| b.1.1.total_cmp(&a.1.1));
    let total: f64 = best.iter().sum();
    println!("slice of {items}: {:.2} ms an item", total * 1e3 / items);
    for (key, (count, seconds, flop)) in kinds {
        println!(
            "{:5.1} % {:8.3} ms {:7.1} GFLOP/s  {count} x {key}",
            100.0 * seconds / total,
            seconds * 1e3 / items,
            flop / seconds / 1e9
        );
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return; // `cargo test --benches` only asks whether it starts.
    }
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let threads: usize = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(1);
    let filter = arguments.get(1).cloned().unwrap_or_default();
    let precision = Precision::from_name(arguments.get(2).map_or("f32", String::as_str)).unwrap();
    if filter.ends_with(".json") {
        return steps_of(&filter, threads, precision);
    }
    println!("{}, {threads} thread(s), median (fastest to slowest) of {ROUNDS}", cpu_name());
    time_plans(threads, &filter, precision);
    time_recipes(threads, &filter);
}

/// Layers and networks whose name has `filter` in it.
fn time_plans(threads: usize, filter: &str, precision: Precision) {
    let works = [
        gemm(1024, 256, 1024),
        gemm(1024, 1024, 1024),
        gemm(400, 768, 3072),
        gemm(400, 3072, 768),
        gemm(1, 1280, 1000),
        conv(224, 3, 32, 3, 2, 1),
        conv(112, 32, 16, 1, 1, 1),
        conv(112, 16, 96, 1, 1, 1),
        conv(56, 24, 144, 1, 1, 1),
        conv(14, 64, 384, 1, 1, 1),
        conv(7, 320, 1280, 1, 1, 1),
        conv(112, 32, 32, 3, 1, 32),
        conv(112, 96, 96, 3, 2, 96),
        conv(56, 144, 144, 3, 1, 144),
        conv(14, 384, 384, 3, 1, 384),
        conv(7, 960, 960, 3, 1, 960),
        conv(224, 3, 64, 7, 2, 1),
        conv(56, 64, 64, 3, 1, 1),
        conv(28, 128, 128, 3, 1, 1),
        conv(14, 256, 256, 3, 1, 1),
        conv(7, 512, 512, 3, 1, 1),
        mobilenet_v2(1),
        mobilenet_v2(8),
        resnet_50(1),
        resnet_50(4),
    ];
    for Work { name, plan, batch, flop } in works.iter().filter(|work| work.name.contains(filter)) {
        let compiled = compile(plan, threads, precision);
        let size: u64 = plan["values"][0]["shape"].as_array().unwrap().iter().map(|size| size.as_u64().unwrap()).product();
        let input = vec![0.5; batch * size as usize];
        let [median, fastest, slowest] =
            measure(threads, || drop(compiled.run(*batch, &[&input], &[]).unwrap())).map(|seconds| flop / seconds / 1e9);
        println!("{name:62} {median:7.1} GFLOP/s ({fastest:.1} to {slowest:.1})");
    }
}

/// Resizes whose name has `filter` in it.
fn time_recipes(threads: usize, filter: &str) {
    for (width, height) in [(2725, 2225), (1024, 1024), (512, 512)] {
        for kernel in ["pillow-bilinear", "pillow-bicubic", "tensorflow-align-corners"] {
            let name = format!("resize {width}x{height} to 224x224 {kernel}");
            if !name.contains(filter) {
                continue;
            }
            let recipe = json!([
                { "step": "resize", "filter": kernel, "width": 224, "height": 224 },
                { "step": "normalise", "scale": 1.0 / 255.0, "mean": [0, 0, 0], "deviation": [1, 1, 1] },
            ]);
            let plan = json!({
                "version": 1, "name": "bench", "batch": 4, "values": [{ "id": 0, "shape": [224, 224, 3] }], "weights": [],
                "steps": [{ "op": "image", "name": "image", "output": 0, "input": "image", "recipe": recipe }],
                "inputs": {}, "outputs": { "y": { "value": 0, "shape": [224, 224, 3] } },
            });
            let compiled = CompiledPlan::new(&plan.to_string(), &[], threads).unwrap();
            let data = (0..width * height * 3).map(|at: usize| (at * 31 % 256) as u8).collect::<Vec<_>>();
            let images: Vec<_> = (0..4).map(|_| Image::new(width, height, 3, &data).unwrap()).collect();
            let [median, fastest, slowest] =
                measure(threads, || drop(compiled.run(4, &[], &[&images]).unwrap())).map(|seconds| 4.0 / seconds);
            println!("{name:62} {median:7.1} images/s ({fastest:.1} to {slowest:.1})");
        }
    }
}
