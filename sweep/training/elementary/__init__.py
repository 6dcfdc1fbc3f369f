"""The elementary functions on lanes, with the same bits on every processor.

No function here calls a library or looks up an approximation that the processor supplies: each is
a fixed sequence of correctly rounded IEEE operations. NaN goes through, infinities give the limits,
and what is odd or zero at zero keeps the sign of zero.

============  =======  =======  ===========================================================
function      value    slope    where
============  =======  =======  ===========================================================
exp, log      1.1 ulp           every input
tanh          2.5 ulp           every input
elu           1.5 ulp           every input
sigmoid       2.5 ulp           where the true result is a normal number
softplus      3 ulp    3.5 ulp  where the true result is a normal number
silu          3 ulp    4 ulp    where sigmoid(x) is two smallest normal numbers or more
gelu          8 ulp    4.5 ulp  where Phi(x) is
gelu_tanh     3 ulp    3 ulp    where the distribution function in it is
============  =======  =======  ===========================================================

These bounds hold in float64 and in float32. An ulp of a subnormal result is the smallest number.
The slopes of the last three are sums s + x s' that cancel near their zero: there an ulp is that of
|s| + |x s'|. In gelu_tanh, s = sigmoid(y), and below zero errors are 1 - y times as large.
Elsewhere sigmoid, softplus and its slope are off by less than the smallest normal number, the
others by less than 4096 of these. `tests/training/elementary` measures all of it: float32 at every
input, float64 against `long double` and mpmath.

The reductions and the shape of the approximations follow J.-M. Muller, "Elementary Functions:
Algorithms and Implementation", 3rd ed., 2016, chapters 3 and 11, and P. T. P. Tang, "Table-driven
implementation of the exponential function", 1989. The coefficients are minimax over the reduced
ranges, made by `benchmarks/minimax.py`; docs/performance.md tells what other ways were tried.
"""

from functools import cache
from types import SimpleNamespace

from sweep.training.elementary.exponential import make_elu, make_exp, make_sigmoid, make_tanh
from sweep.training.elementary.formats import FORMATS
from sweep.training.elementary.gates import make_gelu, make_gelu_tanh, make_silu
from sweep.training.elementary.logarithm import make_log, make_softplus


@cache
def elementary(dtype: str) -> SimpleNamespace:
    """Return the functions for lanes of "float64" or "float32", to be called in compiled code.

    Each is of x; softplus, silu, gelu and gelu_tanh return their slope beside the value.
    """
    return SimpleNamespace(**{name: make(FORMATS[dtype]) for name, make in _MAKERS.items()})


_MAKERS = {
    "exp": make_exp,
    "log": make_log,
    "sigmoid": make_sigmoid,  # 1 / (1 + exp(-x))
    "tanh": make_tanh,
    "elu": make_elu,  # x where it is positive, else exp(x) - 1
    "softplus": make_softplus,  # log(1 + exp(x)), and sigmoid(x)
    "silu": make_silu,  # x sigmoid(x)
    "gelu": make_gelu,  # x Phi(x)
    "gelu_tanh": make_gelu_tanh,  # x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
}
