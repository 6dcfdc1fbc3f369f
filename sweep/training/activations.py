"""Activation functions and their slopes: a table, one row a function; and softmax, of a layer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sweep.training.elementary import elementary
from sweep.training.lanes import fma, inlined, select

_LEAK = 0.01  # PyTorch's default


@dataclass(frozen=True)
class Activation:
    """One row: A = f(z).

    Exactly one of `slope` and `with_slope` is given: where A tells the slope, z need not be kept.

    Attributes:
        function: takes a dtype and returns the compiled f on lanes.
        slope: the compiled derivative dA/dz, as a function of A.
        with_slope: takes a dtype and returns the compiled function z -> (A, dA/dz).
        looks_up: whether most of its time goes to look-ups in tables.
    """

    function: Callable[[str], Any]
    slope: Any = None
    with_slope: Callable[[str], Any] | None = None
    looks_up: bool = False


def _sharing(name: str) -> Activation:
    """Return the row of an elementary function that returns its slope as well."""

    def with_slope(dtype: str) -> Any:
        return getattr(elementary(dtype), name)

    def function(dtype: str) -> Any:
        both = with_slope(dtype)

        @inlined
        def alone(z: Any) -> Any:
            return both(z)[0]

        return alone

    return Activation(function, with_slope=with_slope)


def _plain(function: Any, slope: Any) -> Activation:
    """Return the row of a function of z and its slope as one of A, the same in every dtype."""
    compiled = inlined(function)
    return Activation(lambda dtype: compiled, inlined(slope))


def _elu_with_slope(dtype: str) -> Any:
    """exp(z) where z <= 0, from z: A + 1 would be 0 where A rounds to -1."""
    elu, exp = elementary(dtype).elu, elementary(dtype).exp

    @inlined
    def elu_with_slope(z: Any) -> Any:
        return elu(z), select(z > 0.0, 1.0, exp(z))

    return elu_with_slope


_square = inlined(lambda z: z * z)
_square_with_slope = inlined(lambda z: (z * z, z + z))

ACTIVATIONS = {
    "sigmoid": Activation(
        lambda dtype: elementary(dtype).sigmoid, inlined(lambda a: fma(-a, a, a)), looks_up=True
    ),
    "tanh": Activation(
        lambda dtype: elementary(dtype).tanh, inlined(lambda a: fma(-a, a, 1.0)), looks_up=True
    ),
    # max(0, z), where a NaN stays one; 0 at the kink, as TensorFlow, PyTorch and JAX agree
    "relu": _plain(lambda z: select(z <= 0.0, 0.0, z), lambda a: select(a > 0.0, 1.0, 0.0 * a)),
    # at the kink what it is below, as in PyTorch
    "leaky_relu": _plain(
        lambda z: select(z > 0.0, z, _LEAK * z),
        lambda a: select(a > 0.0, 1.0, select(a <= 0.0, _LEAK, a)),
    ),
    "elu": Activation(lambda dtype: elementary(dtype).elu, with_slope=_elu_with_slope),
    "softplus": _sharing("softplus"),
    "gelu": _sharing("gelu"),
    "gelu_tanh": _sharing("gelu_tanh"),
    "silu": _sharing("silu"),
    # z^2 does not tell the sign of its slope 2 z
    "square": Activation(lambda dtype: _square, with_slope=lambda dtype: _square_with_slope),
    "identity": _plain(lambda z: z, lambda a: select(a != a, a, 1.0)),  # noqa: PLR0124 (a NaN)
}


def make_softmax(dtype: str, logit: Any, logarithms: bool) -> Callable[..., None]:
    """Return the function that turns sums of products in a into A_j = exp(z_j) / sum_k exp(z_k).

    Exponents are taken from the largest logit, so that none overflows. With `logarithms` those of
    the outputs are left in delta: z - max - log(sum), which keeps its accuracy where A underflows.
    See `passes` for the arguments; ``logit`` makes z of a sum.
    """
    functions = elementary(dtype)
    exp, log = functions.exp, functions.log

    def softmax(place: Any, n: Any, net: Any) -> None:
        a, delta, n_out = net.a, net.delta, place.n_out
        for s in range(n):
            first = place.outputs + s * n_out
            largest = logit(a[first], place, 0, net)
            for j in range(n_out):
                z = logit(a[first + j], place, j, net)
                delta[first + j] = z
                largest = select(z > largest, z, largest)
            total = 0.0 * largest
            for j in range(n_out):
                delta[first + j] = delta[first + j] - largest
                a[first + j] = exp(delta[first + j])
                total = total + a[first + j]
            log_total = log(total)
            for j in range(n_out):
                a[first + j] = a[first + j] / total
                if logarithms:
                    delta[first + j] = delta[first + j] - log_total

    return softmax


def make_softmax_deltas(splat: Any) -> Any:
    """Return the function that turns dE/dA in scratch into deltas.

    dE/dz_j = A_j (dE/dA_j - sum_k A_k dE/dA_k).
    """

    @inlined
    def softmax_deltas(n: Any, n_out: Any, at: Any, net: Any) -> None:
        a, e = net.a, net.scratch
        for s in range(n):
            mean = splat(0.0)
            for j in range(n_out):
                mean = fma(a[at + s * n_out + j], e[s * n_out + j], mean)
            for j in range(n_out):
                i = s * n_out + j
                net.delta[at + i] = a[at + i] * (e[i] - mean)

    return softmax_deltas
