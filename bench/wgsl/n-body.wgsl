// Forces among n bodies, all pairs, 64 bodies at a time in workgroup memory; then a step. Bodies are x, y, z, mass.
@group(0) @binding(0) var<storage, read_write> bodies: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> velocity: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> force: array<vec4<f32>>;
override n: u32;
override dt: f32;
override soft: f32;
override kick: f32;
var<workgroup> near: array<vec4<f32>, 64>;

@compute @workgroup_size(64)
fn forces(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let own = bodies[min(id.x, n - 1u)].xyz;
  var sum = vec3<f32>();
  for (var first = 0u; first < n; first += 64u) {
    near[lane] = bodies[min(first + lane, n - 1u)];
    workgroupBarrier();
    for (var k = 0u; k < min(64u, n - first); k++) {
      if (first + k != id.x) {
        let d = near[k].xyz - own;
        let r2 = dot(d, d) + soft;
        sum += d * (near[k].w / (r2 * sqrt(r2)));
      }
    }
    workgroupBarrier();
  }
  if (id.x < n) { force[id.x] = vec4<f32>(sum, 0.0); }
}

@compute @workgroup_size(64)
fn kicks(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < n) { velocity[id.x] += force[id.x] * kick; }
}

@compute @workgroup_size(64)
fn drifts(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < n) { bodies[id.x] += vec4<f32>(velocity[id.x].xyz * dt, 0.0); }
}
