// Largest number over a workgroup; needs what workgroup-sum.wgsl declares.
fn max_over_workgroup(lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { partial[lane] = max(partial[lane], partial[lane + stride]); }
    workgroupBarrier();
  }
  let largest = partial[0];
  workgroupBarrier();  // `partial` is used again
  return largest;
}
