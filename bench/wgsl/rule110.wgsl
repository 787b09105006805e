// Rule 110 on a ring of 32 n cells, a word a lane, one step a dispatch.
@group(0) @binding(0) var<storage, read> before: array<u32>;
@group(0) @binding(1) var<storage, read_write> after: array<u32>;
override n: u32;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= n) { return; }
  let here = before[i];
  let left = (here << 1u) | (before[select(i - 1u, n - 1u, i == 0u)] >> 31u);
  let right = (here >> 1u) | (before[select(i + 1u, 0u, i == n - 1u)] << 31u);
  after[i] = (here | right) & ~(left & here & right);
}
