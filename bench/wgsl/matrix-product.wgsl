// C = A B for n × n matrices: a workgroup a tile of C, tiles of A and B in workgroup memory.
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
override n: u32;
const TILE = 16u;
var<workgroup> ta: array<f32, 256>;
var<workgroup> tb: array<f32, 256>;

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let row = group.y * TILE + local.y;
  let column = group.x * TILE + local.x;
  var sum = 0.0;
  for (var k = 0u; k < n; k += TILE) {
    ta[local.y * TILE + local.x] = a[row * n + k + local.x];
    tb[local.y * TILE + local.x] = b[(k + local.y) * n + column];
    workgroupBarrier();
    for (var j = 0u; j < TILE; j++) { sum += ta[local.y * TILE + j] * tb[j * TILE + local.x]; }
    workgroupBarrier();
  }
  c[row * n + column] = sum;
}
