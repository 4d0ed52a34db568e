//! Plans to be timed: one layer, or a whole network.

use serde_json::{Value, json};

/// What is timed.
pub struct Work {
    pub name: String,
    pub plan: Value,
    pub batch: usize,
    /// Of the whole batch.
    pub flop: f64,
}

fn step_plan(batch: usize, input: Value, output: Value, weights: Value, mut step: Value) -> Value {
    step["name"] = json!("step");
    step["output"] = json!(1);
    json!({
        "version": 1, "name": "bench", "batch": batch, "values": [{ "id": 0, "shape": input }, { "id": 1, "shape": output }],
        "weights": weights, "steps": [step], "inputs": { "x": 0 }, "outputs": { "y": { "value": 1, "shape": output } },
    })
}

pub fn gemm(rows: usize, k: usize, n: usize) -> Work {
    let step = json!({ "op": "gemm", "x": 0, "weight": "w", "activation": { "kind": "none" } });
    let plan = step_plan(1, json!([rows, k]), json!([rows, n]), json!([{ "name": "w", "shape": [n, k] }]), step);
    Work { name: format!("gemm {rows} x {k} x {n}"), plan, batch: 1, flop: 2.0 * (rows * k * n) as f64 }
}

pub fn conv(side: usize, channels: usize, filters: usize, kernel: usize, stride: usize, groups: usize) -> Work {
    let out = (side + 2 * (kernel / 2) - kernel) / stride + 1;
    let pad = kernel / 2;
    let step = json!({
        "op": "conv2d", "x": 0, "weight": "w", "strides": [stride, stride], "pads": [pad, pad, pad, pad], "dilations": [1, 1],
        "groups": groups, "activation": { "kind": "clip", "min": 0, "max": 6 },
    });
    let weights = json!([{ "name": "w", "shape": [filters, kernel, kernel, channels / groups] }]);
    let batch = 8;
    let mut plan = step_plan(batch, json!([side, side, channels]), json!([out, out, filters]), weights, step);
    // Whole feature maps are no outputs in practice; copying them out would be most of the time.
    plan["values"].as_array_mut().unwrap().push(json!({ "id": 2, "shape": [filters] }));
    plan["steps"].as_array_mut().unwrap().push(json!({ "op": "global-average-pool", "name": "pool", "x": 1, "output": 2 }));
    plan["outputs"]["y"] = json!({ "value": 2, "shape": [filters] });
    let flop = 2.0 * (batch * out * out * filters * kernel * kernel * channels / groups) as f64;
    Work {
        name: format!("conv {side}x{side}x{channels} -> {filters}, {kernel}x{kernel}/{stride}, groups {groups}, batch {batch}"),
        plan,
        batch,
        flop,
    }
}

/// A chain of convolutions as a plan, with shapes kept by the way.
struct Network {
    values: Vec<Value>,
    weights: Vec<Value>,
    steps: Vec<Value>,
    side: usize,
    channels: usize,
    flop: f64,
}

impl Network {
    fn new() -> Self {
        let values = vec![json!({ "id": 0, "shape": [224, 224, 3] })];
        Network { values, weights: vec![], steps: vec![], side: 224, channels: 3, flop: 0.0 }
    }

    fn last(&self) -> usize {
        self.values.len() - 1
    }

    fn push(&mut self, mut step: Value, shape: Value) {
        let id = self.values.len();
        step["name"] = json!(format!("step{id}"));
        step["output"] = json!(id);
        self.values.push(json!({ "id": id, "shape": shape }));
        self.steps.push(step);
    }

    fn conv(&mut self, x: usize, filters: usize, kernel: usize, stride: usize, groups: usize, residual: Option<usize>, activation: &str) {
        let (pad, depth) = (kernel / 2, self.channels / groups);
        self.side = (self.side + 2 * pad - kernel) / stride + 1;
        let weight = format!("w{}", self.weights.len());
        let mut step = json!({
            "op": "conv2d", "x": x, "weight": weight, "strides": [stride, stride], "pads": [pad, pad, pad, pad], "dilations": [1, 1],
            "groups": groups, "activation": { "kind": activation, "min": 0, "max": 6 },
        });
        if let Some(residual) = residual {
            step["residual"] = json!(residual);
        }
        self.weights.push(json!({ "name": weight, "shape": [filters, kernel, kernel, depth] }));
        self.flop += 2.0 * (self.side * self.side * filters * kernel * kernel * depth) as f64;
        self.channels = filters;
        self.push(step, json!([self.side, self.side, filters]));
    }

    fn finish(mut self, name: &str, batch: usize) -> Work {
        let channels = self.channels;
        self.push(json!({ "op": "global-average-pool", "x": self.last() }), json!([channels]));
        self.push(json!({ "op": "gemm", "x": self.last(), "weight": "fc", "activation": { "kind": "none" } }), json!([1000]));
        self.weights.push(json!({ "name": "fc", "shape": [1000, channels] }));
        let plan = json!({
            "version": 1, "name": name, "batch": batch, "values": self.values, "weights": self.weights, "steps": self.steps,
            "inputs": { "x": 0 }, "outputs": { "y": { "value": self.last(), "shape": [1000] } },
        });
        Work { name: format!("{name}, batch {batch}"), plan, batch, flop: batch as f64 * (self.flop + 2000.0 * channels as f64) }
    }
}

/// Sandler et al., arXiv 1801.04381, table 2.
pub fn mobilenet_v2(batch: usize) -> Work {
    let mut network = Network::new();
    network.conv(0, 32, 3, 2, 1, None, "clip");
    for (expansion, filters, count, stride) in
        [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    {
        for block in 0..count {
            let (input, inner) = (network.last(), network.channels * expansion);
            if expansion > 1 {
                network.conv(input, inner, 1, 1, 1, None, "clip");
            }
            network.conv(network.last(), inner, 3, if block == 0 { stride } else { 1 }, inner, None, "clip");
            network.conv(network.last(), filters, 1, 1, 1, (block > 0).then_some(input), "none");
        }
    }
    network.conv(network.last(), 1280, 1, 1, 1, None, "clip");
    network.finish("MobileNetV2 224", batch)
}

/// He et al., arXiv 1512.03385, table 1, stride in the 3x3.
pub fn resnet_50(batch: usize) -> Work {
    let mut network = Network::new();
    network.conv(0, 64, 7, 2, 1, None, "relu");
    network.side = 56;
    let pool = json!({ "op": "pool", "function": "max", "x": 1, "kernel": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "dilations": [1, 1], "countPad": false });
    network.push(pool, json!([56, 56, 64]));
    for (width, count, stride) in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)] {
        for block in 0..count {
            let (input, side, channels) = (network.last(), network.side, network.channels);
            let stride = if block == 0 { stride } else { 1 };
            let mut residual = input;
            if block == 0 {
                network.conv(input, width * 4, 1, stride, 1, None, "none");
                residual = network.last();
                (network.side, network.channels) = (side, channels);
            }
            network.conv(input, width, 1, 1, 1, None, "relu");
            network.conv(network.last(), width, 3, stride, 1, None, "relu");
            network.conv(network.last(), width * 4, 1, 1, 1, Some(residual), "relu");
        }
    }
    network.finish("ResNet-50 224", batch)
}
