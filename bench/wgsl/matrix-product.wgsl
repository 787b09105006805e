// C = A B for n × n matrices, n a multiple of 64: a workgroup 64 × 64 of C, a lane 4 × 4 of that in registers, strips of A and B in workgroup memory.
@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4<f32>>;
override n: u32;
const STRIP = 16u;
var<workgroup> ta: array<vec4<f32>, 256>;
var<workgroup> tb: array<vec4<f32>, 256>;

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let lane = local.y * 16u + local.x;
  let width = n / 4u;
  var sums = array<vec4<f32>, 4>();
  for (var k = 0u; k < n; k += STRIP) {
    ta[lane] = a[(group.y * 64u + lane / 4u) * width + k / 4u + lane % 4u];
    tb[lane] = b[(k + lane / 16u) * width + group.x * 16u + lane % 16u];
    workgroupBarrier();
    for (var j = 0u; j < 4u; j++) {
      let b0 = tb[(4u * j) * 16u + local.x];
      let b1 = tb[(4u * j + 1u) * 16u + local.x];
      let b2 = tb[(4u * j + 2u) * 16u + local.x];
      let b3 = tb[(4u * j + 3u) * 16u + local.x];
      for (var r = 0u; r < 4u; r++) {
        let own = ta[(local.y * 4u + r) * 4u + j];
        sums[r] += own.x * b0 + own.y * b1 + own.z * b2 + own.w * b3;
      }
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < 4u; r++) { c[(group.y * 64u + local.y * 4u + r) * width + group.x * 16u + local.x] = sums[r]; }
}
