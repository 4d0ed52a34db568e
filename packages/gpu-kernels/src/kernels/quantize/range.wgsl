// Scale and zero point of each item, from its least and greatest number. One workgroup an item, wrapped over y.

struct Run { items: u32, zero: u32, size: u32 }
@group(0) @binding(0) var<uniform> run: Run;

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

const WORKGROUP = 64u;
var<workgroup> lows: array<f32, WORKGROUP>;
var<workgroup> highs: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = group.y * groups.x + group.x;
  if (item >= run.items) { return; }  // the same for the whole workgroup
  var low = 0.0;
  var high = 0.0;
  for (var i = lane; i < run.size; i += WORKGROUP) {
    let number = x[item * run.size + i];
    low = min(low, number);
    high = max(high, number);
  }
  lows[lane] = low;
  highs[lane] = high;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      lows[lane] = min(lows[lane], lows[lane + stride]);
      highs[lane] = max(highs[lane], highs[lane + stride]);
    }
    workgroupBarrier();
  }
  if (lane > 0u) { return; }
  var scale = (highs[0] - lows[0]) / 255.0;
  if (highs[0] == lows[0]) { scale = 1.0; }
  y[2u * item] = scale;
  y[2u * item + 1u] = round(clamp(-lows[0] / scale, 0.0, 255.0));
}
