// The number of this thread in a grid of workgroups of 64 that may be wrapped over y.
fn flat_index(group: vec3u, groups: vec3u, lane: u32) -> u32 {
  return (group.y * groups.x + group.x) * 64u + lane;
}
