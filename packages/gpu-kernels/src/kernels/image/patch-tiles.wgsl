// Patches of side `left`, one after another, one pixel a word. Table: x of the corners, y of the corners. `top` patches.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = flat_index(group, groups, lane);
  let area = u32(image.left * image.left);
  if (index >= area * u32(image.top)) { return; }
  let patch_number = index / area;
  let inside = index % area;
  let x = u32(table[patch_number]) + inside % u32(image.left);
  let y = u32(table[u32(image.top) + patch_number]) + inside / u32(image.left);
  store_pixel(index, load_pixel(x, y));
}
