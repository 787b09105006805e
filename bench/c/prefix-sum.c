// Every running sum, kept; the last one delivered.
#include "bench.h"

void compute(const long *size, void *const *in, void *out) {
  long n = size[0];
  const int32_t *x = in[0];
  int32_t *s = malloc(4 * n);
  s[0] = x[0];
  for (long i = 1; i < n; i++) s[i] = (int32_t)((uint32_t)s[i - 1] + (uint32_t)x[i]);
  *(volatile int32_t *)out = s[n - 1];
  // What is not delivered must not be left out.
  __asm__ volatile("" : : "r"(s) : "memory");
  free(s);
}
