// One byte a cell on a torus; the two end columns apart.
#include "bench.h"

static inline uint8_t next(const uint8_t *up, const uint8_t *row, const uint8_t *down, long l, long c, long r) {
  uint8_t near = up[l] + up[c] + up[r] + row[l] + row[r] + down[l] + down[c] + down[r];
  return (near == 3) | ((near == 2) & row[c]);
}

void compute(const long *size, void *const *in, void *out) {
  long n = size[0], m = size[1], T = size[2];
  uint8_t *a = malloc(n * m), *b = malloc(n * m);
  memcpy(a, in[0], n * m);
  for (long t = 0; t < T; t++) {
    for (long i = 0; i < n; i++) {
      const uint8_t *up = a + (i == 0 ? n - 1 : i - 1) * m, *row = a + i * m, *down = a + (i == n - 1 ? 0 : i + 1) * m;
      uint8_t *to = b + i * m;
      to[0] = next(up, row, down, m - 1, 0, 1);
      for (long j = 1; j < m - 1; j++) to[j] = next(up, row, down, j - 1, j, j + 1);
      to[m - 1] = next(up, row, down, m - 2, m - 1, 0);
    }
    uint8_t *swap = a; a = b; b = swap;
  }
  memcpy(out, a, n * m);
  free(a);
  free(b);
}
