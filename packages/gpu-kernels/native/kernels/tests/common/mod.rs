//! Runs one step as a plan of its own, on several thread counts, which must agree to the bit.
#![allow(dead_code)] // Not every test file uses everything.

use diptych_kernels::{CompiledPlan, Precision, Weight};
use serde_json::{Value, json};

pub const ITEMS: usize = 3;

/// Numbers in [-1, 1) from a linear congruential generator (constants of Knuth's MMIX).
pub fn numbers(length: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..length).map(|_| next()).collect()
}

pub fn size(shape: &[usize]) -> usize {
    shape.iter().product()
}

pub struct Case {
    /// Without name and output. Values 0, 1, … are the inputs.
    pub step: Value,
    pub inputs: Vec<Vec<usize>>,
    pub weights: Vec<(&'static str, Vec<usize>)>,
    pub output: Vec<usize>,
}

pub struct Ran {
    /// For `ITEMS` items.
    pub inputs: Vec<Vec<f32>>,
    pub weights: Vec<Vec<f32>>,
    pub y: Vec<f32>,
}

impl Case {
    pub fn plan(&self) -> String {
        let last = self.inputs.len();
        let mut step = self.step.clone();
        step["name"] = json!("tested");
        step["output"] = json!(last);
        let shapes = self.inputs.iter().chain([&self.output]);
        json!({
            "version": 1,
            "name": "case",
            "batch": ITEMS,
            "values": shapes.enumerate().map(|(id, shape)| json!({ "id": id, "shape": shape })).collect::<Vec<_>>(),
            "weights": self.weights.iter().map(|(name, shape)| json!({ "name": name, "shape": shape })).collect::<Vec<_>>(),
            "steps": [step],
            "inputs": (0..last).map(|id| (format!("input{id}"), json!(id))).collect::<serde_json::Map<_, _>>(),
            "outputs": { "y": { "value": last, "shape": self.output } },
        })
        .to_string()
    }

    pub fn run(&self) -> Ran {
        let inputs = self.inputs.iter().zip(1..).map(|(shape, seed)| numbers(ITEMS * size(shape), seed)).collect();
        self.run_on(inputs)
    }

    pub fn run_on(&self, inputs: Vec<Vec<f32>>) -> Ran {
        self.run_in(Precision::F32, inputs)
    }

    pub fn run_in(&self, precision: Precision, inputs: Vec<Vec<f32>>) -> Ran {
        let weights: Vec<Vec<f32>> = self.weights.iter().zip(100..).map(|((_, shape), seed)| numbers(size(shape), seed)).collect();
        // 1 thread: all items in turn. 2: two items side by side, then one with both threads. 5: items in turn, threads inside ops.
        let runs = [1, 2, 5].map(|threads| {
            let slices: Vec<_> = weights.iter().map(|weight| Weight::plain(weight)).collect();
            let plan = CompiledPlan::from_weights(&self.plan(), &slices, threads, precision).unwrap();
            let slices: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
            plan.run(ITEMS, &slices, &[]).unwrap().remove(0)
        });
        let bits = |y: &Vec<f32>| y.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert!(runs.iter().all(|y| bits(y) == bits(&runs[0])), "thread counts disagree for {}", self.step);
        let [y, ..] = runs;
        Ran { inputs, weights, y }
    }
}

/// Largest |y - expected| relative to the largest |expected|.
pub fn assert_close(y: &[f32], expected: &[f64], limit: f64, what: &str) {
    assert_eq!(y.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-6f64, |largest, value| largest.max(value.abs()));
    for (at, (&y, &expected)) in y.iter().zip(expected).enumerate() {
        let error = (f64::from(y) - expected).abs() / largest;
        assert!(error <= limit, "{what}: element {at} is {y}, expected {expected}");
    }
}
