// Running sums of n ints: blocks of 1,024 scanned in workgroup memory, their totals scanned by one workgroup, then added.
@group(0) @binding(0) var<storage, read> x: array<i32>;
@group(0) @binding(1) var<storage, read_write> y: array<i32>;
@group(0) @binding(2) var<storage, read_write> totals: array<i32>;
override n: u32;
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

@compute @workgroup_size(256)
fn scanBlocks(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let at = group.x * 1024u + lane * 4u;
  var own = array<i32, 4>();
  var sum = 0;
  for (var k = 0u; k < 4u; k++) {
    if (at + k < n) { sum += x[at + k]; }
    own[k] = sum;
  }
  let before = scanGroup(lane, sum) - sum;
  for (var k = 0u; k < 4u; k++) { if (at + k < n) { y[at + k] = before + own[k]; } }
  if (lane == 255u) { totals[group.x] = before + sum; }
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
  let before = totals[group.x - 1u];
  for (var k = 0u; k < 4u; k++) {
    let at = group.x * 1024u + k * 256u + lane;
    if (at < n) { y[at] += before; }
  }
}
