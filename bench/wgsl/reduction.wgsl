// The sum of n reals: each workgroup 4,096 of them, by a tree in workgroup memory; again, until one is left.
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
override n: u32;
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var k = 0u; k < 16u; k++) {
    let at = group.x * 4096u + k * 256u + lane;
    if (at < n) { sum += x[at]; }
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var by = 128u; by > 0u; by = by >> 1u) {
    if (lane < by) { sums[lane] += sums[lane + by]; }
    workgroupBarrier();
  }
  if (lane == 0u) { y[group.x] = sums[0]; }
}
