// Rows of b added into rows of c: the order in which gcc makes vectors. Each entry is summed from left to right.
#include "bench.h"

void compute(const long *size, void *const *in, void *out) {
  long n = size[0], m = size[1], p = size[2];
  const float *restrict a = in[0], *restrict b = in[1];
  float *restrict c = out;
  memset(c, 0, 4 * n * m);
  for (long i = 0; i < n; i++)
    for (long k = 0; k < p; k++) {
      float x = a[i * p + k];
      for (long j = 0; j < m; j++) c[i * m + j] += x * b[k * m + j];
    }
}
