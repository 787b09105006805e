// The seven-point stencil on a cube, its faces fixed; two arrays.
#include "bench.h"

void compute(const long *size, void *const *in, void *out) {
  long n = size[0], T = size[1];
  float *a = malloc(4 * n * n * n), *b = malloc(4 * n * n * n);
  memcpy(a, in[0], 4 * n * n * n);
  memcpy(b, in[0], 4 * n * n * n);
  for (long t = 0; t < T; t++) {
    const float *restrict x = a;
    float *restrict y = b;
    for (long i = 1; i < n - 1; i++)
      for (long j = 1; j < n - 1; j++)
        for (long k = 1; k < n - 1; k++) {
          long c = (i * n + j) * n + k;
          y[c] = x[c] + 0.125f * (x[c + n * n] - 2 * x[c] + x[c - n * n]) +
                 0.125f * (x[c + n] - 2 * x[c] + x[c - n]) + 0.125f * (x[c + 1] - 2 * x[c] + x[c - 1]);
        }
    float *swap = a; a = b; b = swap;
  }
  memcpy(out, a, 4 * n * n * n);
  free(a);
  free(b);
}
