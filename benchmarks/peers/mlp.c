/* Copies of one multilayer perceptron, trained by full-batch gradient descent: the C peer.
 *
 * BLOCK networks are trained together. A parameter of all of them is one row, a neuron's output is
 * another, and every loop over `t` is a SIMD loop, so that exp and tanh become libmvec's. Those
 * have loops of their own: in one loop over everything each call spills what is in registers,
 * and a step takes half as long again.
 *
 * The network comes on the compiler's command line (see c_peer.py), so that every size is a
 * constant and the small loops disappear:
 *
 *   REAL, EXP, TANH    the type of a number and its functions, such as double, exp, tanh
 *   BLOCK              networks trained together, a multiple of the vector length
 *   SAMPLES, INPUTS, OUTPUTS, NEURONS, PARAMETERS, BIAS
 *   SCALE              of the loss: E = SCALE * sum over samples and outputs of (A - T)^2
 *   FORWARD(L)         a call L(from, to, weights, in, stride, slot, out, activation) for each layer:
 *                      its sizes, the rows where its weights and outputs start, and its input as
 *                      `sums` takes it
 *   BACKWARD(S, D, C)  such calls for each layer, last layer first; none of D for the first layer
 */
#include <math.h>
#include <string.h>

typedef REAL real;

#define INLINE static inline __attribute__((always_inline))
#define ALIGNED __attribute__((aligned(64)))
#define UNROLL _Pragma("GCC unroll 64")
#define TRIALS _Pragma("omp simd") for (int t = 0; t < BLOCK; t++)
#define ROW(row) ((row) * BLOCK)
#define AT(row) (ROW(row) + t)

INLINE real sigmoid(real z) { return 1 / (1 + EXP(-z)); }
INLINE real sigmoid_slope(real a) { return a * (1 - a); }
INLINE real tangent(real z) { return TANH(z); }
INLINE real tangent_slope(real a) { return 1 - a * a; }
INLINE real relu(real z) { return z > 0 ? z : 0; }
INLINE real relu_slope(real a) { return a > 0 ? 1 : 0; }
INLINE real identity(real z) { return z; }
INLINE real identity_slope(real a) { return 1; }

/* Weighted inputs of trial t. A sample's values (stride 1, slot 0) are shared by all trials, the
 * rows of the layer before (stride BLOCK, slot 1) hold one value a trial. */
INLINE void sums(int t, int from, int to, const real *w, const real *in, int stride, int slot,
                 real *out) {
  UNROLL for (int j = 0; j < to; j++) {
    real z = BIAS ? w[AT(from * to + j)] : 0;
    UNROLL for (int i = 0; i < from; i++) z += w[AT(j * from + i)] * in[i * stride + t * slot];
    out[AT(j)] = z;
  }
}

/* From the deltas dE/dz of a layer to the dE/dA of the one before it. */
INLINE void pass(int t, int from, int to, const real *w, const real *delta, real *before) {
  UNROLL for (int i = 0; i < from; i++) {
    before[i] = 0;
    UNROLL for (int j = 0; j < to; j++) before[i] += delta[j] * w[AT(j * from + i)];
  }
}

INLINE void correct(int t, int from, int to, real *change, const real *in, int stride, int slot,
                    const real *delta) {
  UNROLL for (int j = 0; j < to; j++) {
    UNROLL for (int i = 0; i < from; i++)
      change[AT(j * from + i)] -= delta[j] * in[i * stride + t * slot];
    if (BIAS) change[AT(from * to + j)] -= delta[j];
  }
}

INLINE void forward(const real *w, const real *x, real *a) {
#define LAYER(from, to, weights, in, stride, slot, out, activation)                            \
  TRIALS sums(t, from, to, w + ROW(weights), in, stride, slot, a + ROW(out));           \
  _Pragma("omp simd") for (int k = ROW(out); k < ROW(out + to); k++) a[k] = activation(a[k]);
  FORWARD(LAYER)
}

/* Every delta is a local variable, so that none goes through memory. */
INLINE void backward(int t, real rate, const real *w, real *change, const real *x, const real *y,
                     const real *a) {
  real delta[NEURONS];
  UNROLL for (int j = 0; j < OUTPUTS; j++)
    delta[NEURONS - OUTPUTS + j] = rate * (a[AT(NEURONS - OUTPUTS + j)] - y[j]);
#define SLOPES(from, to, weights, in, stride, slot, out, activation)                    \
  UNROLL for (int j = 0; j < to; j++) delta[out + j] *= activation##_slope(a[AT(out + j)]);
#define DELTAS(from, to, weights, in, stride, slot, out, activation)                    \
  pass(t, from, to, w + ROW(weights), delta + out, delta + out - from);
#define CHANGE(from, to, weights, in, stride, slot, out, activation)                    \
  correct(t, from, to, change + ROW(weights), in, stride, slot, delta + out);
  BACKWARD(SLOPES, DELTAS, CHANGE)
}

void train(long networks, long steps, double eta, const real *inputs, const real *targets,
           const real *initial, real *losses) {
  const real rate = 2 * SCALE * eta;
#pragma omp parallel for schedule(static)
  for (long first = 0; first < networks; first += BLOCK) {
    real w[PARAMETERS * BLOCK] ALIGNED, a[NEURONS * BLOCK] ALIGNED;
    real sum[PARAMETERS * BLOCK] ALIGNED;
    real *change = SAMPLES == 1 ? w : sum; /* one sample's gradient needs no sum */
    for (int p = 0; p < PARAMETERS; p++)
      for (int t = 0; t < BLOCK; t++) w[AT(p)] = initial[(first + t) * PARAMETERS + p];
    for (long step = 0; step < steps; step++) {
      if (SAMPLES > 1) memset(sum, 0, sizeof sum);
      for (int s = 0; s < SAMPLES; s++) {
        const real *x = inputs + s * INPUTS, *y = targets + s * OUTPUTS;
        forward(w, x, a);
        TRIALS backward(t, rate, w, change, x, y, a);
      }
      if (SAMPLES > 1)
        for (int k = 0; k < PARAMETERS * BLOCK; k++) w[k] += sum[k];
    }
    for (int t = 0; t < BLOCK; t++) losses[first + t] = 0;
    for (int s = 0; s < SAMPLES; s++) {
      forward(w, inputs + s * INPUTS, a);
      TRIALS for (int j = 0; j < OUTPUTS; j++) {
        const real error = a[AT(NEURONS - OUTPUTS + j)] - targets[s * OUTPUTS + j];
        losses[first + t] += (real)SCALE * error * error;
      }
    }
  }
}
