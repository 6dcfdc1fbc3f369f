"""The softmax of an output layer: A_j = exp(z_j) / sum_k exp(z_k), and its derivatives."""

from collections.abc import Callable
from typing import Any

from sweep.training.elementary import elementary
from sweep.training.lanes import fma, inlined, select


def make_softmax(dtype: str, logit: Any, logarithms: bool) -> Callable[..., None]:
    """Return the function that turns sums of products in a into a layer's outputs.

    Exponents are taken from the largest logit, so that none overflows. With `logarithms` those of
    the outputs are left in d: z - max - log(sum), which keeps its accuracy where A underflows.
    See `passes` for the arguments; ``logit`` makes z of a sum.
    """
    functions = elementary(dtype)
    exp, log = functions.exp, functions.log

    def softmax(place: Any, n: Any, net: Any) -> None:
        a, d, n_out = net[2], net[3], place[2]
        for s in range(n):
            first = place[7] + s * n_out
            largest = logit(a[first], place, 0, net)
            for j in range(n_out):
                z = logit(a[first + j], place, j, net)
                d[first + j] = z
                largest = select(z > largest, z, largest)
            total = 0.0 * largest
            for j in range(n_out):
                d[first + j] = d[first + j] - largest
                a[first + j] = exp(d[first + j])
                total = total + a[first + j]
            log_total = log(total)
            for j in range(n_out):
                a[first + j] = a[first + j] / total
                if logarithms:
                    d[first + j] = d[first + j] - log_total

    return softmax


def make_softmax_deltas(splat: Any) -> Any:
    """Return the function that turns dE/dA in e into deltas.

    dE/dz_j = A_j (dE/dA_j - sum_k A_k dE/dA_k).
    """

    @inlined
    def softmax_deltas(n: Any, n_out: Any, at: Any, net: Any) -> None:
        a, d, e = net[2], net[3], net[4]
        for s in range(n):
            mean = splat(0.0)
            for j in range(n_out):
                mean = fma(a[at + s * n_out + j], e[s * n_out + j], mean)
            for j in range(n_out):
                i = s * n_out + j
                d[at + i] = a[at + i] * (e[i] - mean)

    return softmax_deltas
