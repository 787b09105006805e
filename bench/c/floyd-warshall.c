// In place.
#include "bench.h"

void compute(const long *size, void *const *in, void *out) {
  long n = size[0];
  float *d = out;
  memcpy(d, in[0], 4 * n * n);
  for (long k = 0; k < n; k++)
    for (long i = 0; i < n; i++) {
      float via = d[i * n + k];
      const float *from = d + k * n;
      float *to = d + i * n;
      for (long j = 0; j < n; j++) {
        float sum = via + from[j];
        to[j] = sum < to[j] ? sum : to[j];
      }
    }
}
