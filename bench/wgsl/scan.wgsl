// Running sums of n ints, n a multiple of 4,096: blocks of 4,096, sixteen ints a lane, scanned in workgroup memory; their totals scanned by one
// workgroup, then added.
@group(0) @binding(0) var<storage, read> x: array<vec4<i32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<i32>>;
@group(0) @binding(2) var<storage, read_write> totals: array<i32>;
override blocks: u32;
var<workgroup> sums: array<i32, 256>;

fn scanGroup(lane: u32, own: i32) -> i32 {
  sums[lane] = own;
  workgroupBarrier();
  for (var by = 1u; by < 256u; by = by << 1u) {
    var more = 0;
    if (lane >= by) { more = sums[lane - by]; }
    workgroupBarrier();
    sums[lane] += more;
    workgroupBarrier();
  }
  return sums[lane];
}

fn running(v: vec4<i32>) -> vec4<i32> { return vec4<i32>(v.x, v.x + v.y, v.x + v.y + v.z, v.x + v.y + v.z + v.w); }

@compute @workgroup_size(256)
fn scanBlocks(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = group.x * 1024u + lane * 4u;
  let a = running(x[at]);
  let b = running(x[at + 1u]) + vec4<i32>(a.w);
  let c = running(x[at + 2u]) + vec4<i32>(b.w);
  let d = running(x[at + 3u]) + vec4<i32>(c.w);
  let before = vec4<i32>(scanGroup(lane, d.w) - d.w);
  y[at] = a + before;
  y[at + 1u] = b + before;
  y[at + 2u] = c + before;
  y[at + 3u] = d + before;
  if (lane == 255u) { totals[group.x] = before.x + d.w; }
}

@compute @workgroup_size(256)
fn scanTotals(@builtin(local_invocation_index) lane: u32) {
  let each = (blocks + 255u) / 256u;
  var sum = 0;
  for (var k = 0u; k < each; k++) { if (lane * each + k < blocks) { sum += totals[lane * each + k]; } }
  var before = scanGroup(lane, sum) - sum;
  for (var k = 0u; k < each; k++) {
    if (lane * each + k < blocks) {
      before += totals[lane * each + k];
      totals[lane * each + k] = before;
    }
  }
}

@compute @workgroup_size(256)
fn addTotals(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  if (group.x == 0u) { return; }
  let before = vec4<i32>(totals[group.x - 1u]);
  for (var k = 0u; k < 4u; k++) { y[group.x * 1024u + k * 256u + lane] += before; }
}
