// One function of each number. Prelude: SIZE (numbers an item), FUNCTION (order of `unaryFunctions`), CLIP_MIN, CLIP_MAX.

@group(0) @binding(1) var<storage, read> x: array<T1>;
@group(0) @binding(2) var<storage, read_write> y: array<T2>;

fn apply(v: f32) -> f32 {
  switch (FUNCTION) {
    case 0: { return max(v, 0.0); }
    case 1: { return clamp(v, f32(CLIP_MIN), f32(CLIP_MAX)); }
    case 2: { return 1.0 / (1.0 + exp(-clamp(v, -87.0, 87.0))); }  // beyond 87, exp overflows float32
    case 3: { return log(v); }
    case 4: { return exp(v); }
    case 5: { return sqrt(v); }
    case 6: { return abs(v); }
    case 7: { return -v; }
    case 8: { return tanh(clamp(v, -15.0, 15.0)); }  // 1 in float32 beyond 10; some drivers divide infinities
    default: { return 1.0 / v; }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  if (index < run.items * u32(SIZE)) { y[index] = T2(apply(f32(x[index]))); }
}
