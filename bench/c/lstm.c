// One layer, libm's expf and tanhf. Every sum runs from left to right.
#include "bench.h"
#include <math.h>

static float dot(const float *w, const float *x, long n) {
  float s = 0;
  for (long k = 0; k < n; k++) s += w[k] * x[k];
  return s;
}

// inputs: U (4 x d x d), W (4 x d x e), b (4 x d), x (T x e)
void compute(const long *size, void *const *in, void *out) {
  long T = size[0], d = size[1], e = size[2];
  const float *U = in[0], *W = in[1], *b = in[2], *x = in[3];
  float *h = calloc(d, 4), *next = calloc(d, 4), *c = calloc(d, 4);
  for (long t = 0; t < T; t++) {
    for (long i = 0; i < d; i++) {
      float gate[4];
      for (long g = 0; g < 4; g++)
        gate[g] = dot(U + (g * d + i) * d, h, d) + dot(W + (g * d + i) * e, x + t * e, e) + b[g * d + i];
      float keep = 1 / (1 + expf(-gate[0])), take = 1 / (1 + expf(-gate[1])), show = 1 / (1 + expf(-gate[2]));
      c[i] = keep * c[i] + take * tanhf(gate[3]);
      next[i] = show * tanhf(c[i]);
    }
    float *swap = h; h = next; next = swap;
  }
  memcpy(out, h, 4 * d);
  free(h);
  free(next);
  free(c);
}
