// Sums over a workgroup of 64, as a tree: the error grows with the depth of the tree, not with the number of terms.
const WORKGROUP = 64u;
var<workgroup> partial: array<f32, WORKGROUP>;

fn sum_over_workgroup(lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { partial[lane] += partial[lane + stride]; }
    workgroupBarrier();
  }
  let total = partial[0];
  workgroupBarrier();  // `partial` is used again
  return total;
}
