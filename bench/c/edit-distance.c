// Two rows of the table.
#include "bench.h"

static inline int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

void compute(const long *size, void *const *in, void *out) {
  long n = size[0], m = size[1];
  const int32_t *a = in[0], *b = in[1];
  int32_t *up = malloc(4 * (m + 1)), *row = malloc(4 * (m + 1));
  for (long j = 0; j <= m; j++) up[j] = j;
  for (long i = 1; i <= n; i++) {
    row[0] = i;
    for (long j = 1; j <= m; j++)
      row[j] = least(up[j - 1] + (a[i - 1] != b[j - 1]), least(up[j], row[j - 1]) + 1);
    int32_t *swap = up; up = row; row = swap;
  }
  *(int32_t *)out = up[m];
  free(up);
  free(row);
}
