/* Throughput of fused multiply-adds: chains enough that only the ports limit them. */
#include <omp.h>

enum { CHAINS = 16, TURNS = 1 << 20 };

typedef REAL vector __attribute__((vector_size(64)));

/* Multiply-adds a second, counted per vector element, of all threads together. */
double multiply_adds_per_second(int threads) {
  double sink = 0;
  const double start = omp_get_wtime();
#pragma omp parallel num_threads(threads) reduction(+ : sink)
  {
    vector x[CHAINS];
    const vector a = (vector){0} + (REAL)0.5, b = (vector){0} + (REAL)1e-3;
    for (int i = 0; i < CHAINS; i++) x[i] = b * (REAL)i;
    for (int turn = 0; turn < TURNS; turn++) {
#pragma GCC unroll 16
      for (int i = 0; i < CHAINS; i++) x[i] = x[i] * a + b;
    }
    for (int i = 0; i < CHAINS; i++) sink += x[i][0];
  }
  const double seconds = omp_get_wtime() - start;
  const double elements = sizeof(vector) / sizeof(REAL);
  /* `sink` is finite: adding nothing of it keeps the loops from being removed. */
  return (threads * elements * CHAINS * TURNS + 0 * sink) / seconds;
}
