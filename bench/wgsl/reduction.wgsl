// The sum of n reals: each lane adds 64 of them, four at a time, each workgroup its lanes' by a tree in workgroup memory; again, until one is left.
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
override n: u32;
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  var four = vec4<f32>();
  let end = min(n / 4u, group.x * 4096u + 4096u);
  for (var at = group.x * 4096u + lane; at < end; at += 256u) { four += x[at]; }
  sums[lane] = (four.x + four.y) + (four.z + four.w);
  workgroupBarrier();
  for (var by = 128u; by > 0u; by = by >> 1u) {
    if (lane < by) { sums[lane] += sums[lane + by]; }
    workgroupBarrier();
  }
  if (lane == 0u) { y[group.x] = sums[0]; }
}
