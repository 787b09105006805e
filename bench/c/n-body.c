// All pairs, leapfrog. Forces are summed from left to right.
#include "bench.h"
#include <math.h>

static void forces(long n, const float *x, const float *mass, float soft, float *force) {
  for (long i = 0; i < n; i++) {
    float fx = 0, fy = 0, fz = 0;
    for (long j = 0; j < n; j++) {
      if (j == i) continue;
      float dx = x[3 * j] - x[3 * i], dy = x[3 * j + 1] - x[3 * i + 1], dz = x[3 * j + 2] - x[3 * i + 2];
      float r2 = dx * dx + dy * dy + dz * dz + soft;
      float pull = mass[j] / (r2 * sqrtf(r2));
      fx += dx * pull;
      fy += dy * pull;
      fz += dz * pull;
    }
    force[3 * i] = fx;
    force[3 * i + 1] = fy;
    force[3 * i + 2] = fz;
  }
}

// inputs: mass, x0, v0, dt, soft
void compute(const long *size, void *const *in, void *out) {
  long n = size[0], T = size[1];
  const float *mass = in[0], *x0 = in[1], *v0 = in[2];
  float dt = *(float *)in[3], soft = *(float *)in[4];
  float *x = malloc(12 * n), *half = malloc(12 * n), *force = malloc(12 * n);
  memcpy(x, x0, 12 * n);
  forces(n, x, mass, soft, force);
  for (long k = 0; k < 3 * n; k++) half[k] = v0[k] + force[k] * (0.5f * dt);
  for (long t = 1; t <= T; t++) {
    for (long k = 0; k < 3 * n; k++) x[k] += half[k] * dt;
    forces(n, x, mass, soft, force);
    for (long k = 0; k < 3 * n; k++) half[k] += force[k] * dt;
  }
  memcpy(out, x, 12 * n);
  free(x);
  free(half);
  free(force);
}
