"""Other ways to compute the elementary functions than the package's, to weigh it against.

Each maker takes a format and returns a function on lanes that returns a tuple: the value and, of
the functions that have one, the slope.
"""

from collections.abc import Callable
from functools import cache
from math import pi, sqrt
from typing import Any

import mpmath as mp

from benchmarks.minimax import Approximation, exp_tail, log1p_tail, log_tail, minimax
from sweep.training.elementary import Elementary, elementary
from sweep.training.elementary.exponential import make_sigmoid_within
from sweep.training.elementary.formats import Format
from sweep.training.elementary.normal import far_of, make_upper_tail
from sweep.training.elementary.powers import (
    make_factor,
    make_rebuild,
    make_reduce,
    make_scale,
    sixteenths,
    tail_of,
)
from sweep.training.lanes import bits, fma, inlined, number, polynomial, select

Maker = Callable[[Format], Any]


def dtype_of(form: Format) -> str:
    return "float64" if form.mantissa == 52 else "float32"


def _package(form: Format) -> Elementary:
    return elementary(dtype_of(form))


def _one(function: Any) -> Any:
    """Return the function with its value in a tuple."""

    @inlined
    def alone(x: Any) -> Any:
        return (function(x),)

    return alone


@cache
def _fitted(name: str, low: float, high: float, degree: int) -> list[float]:
    """Return minimax coefficients: what is small is the error of r + r^2 p(r), or s + s z p(z)."""
    mp.mp.dps = 50
    function = {"exp": exp_tail, "log1p": log1p_tail, "atanh": log_tail}[name]
    weight = (lambda z: z + mp.mpf("1e-4")) if name == "atanh" else (lambda r: abs(r) + 1e-3)
    row = Approximation("", (name,), function, weight, mp.mpf(low), mp.mpf(high), (degree, 0))
    return [float(c) for c in minimax(row)[0].p]


def _long_exp(form: Format) -> tuple[Any, Any]:
    """Return reduce(x) -> (t, r) by a whole ln 2, and the tail of exp(r) on |r| <= ln(2) / 2."""
    half = 0.34660828
    tail = _fitted("exp", -half, half, 9 if form.mantissa == 52 else 4)
    return make_reduce(form, 1 / 16), polynomial(*tail)


def exp_without_table(form: Format) -> Any:
    """2^k exp(r), |r| <= ln(2) / 2."""
    low, high, mantissa, bias = form.exp_low, form.exp_high, form.mantissa, form.bias
    shifter_half = 1 << (mantissa - 1)
    reduce, tail = _long_exp(form)

    @inlined
    def exp(x: Any) -> Any:
        t, r = reduce(select(x < low, low, select(x > high, high, x)))
        k = (bits(t) & ((1 << mantissa) - 1)) - shifter_half
        half = k >> 1
        p = fma(fma(tail(r), r, 1.0), r, 1.0)
        return p * number((half + bias) << mantissa) * number((k - half + bias) << mantissa)

    return _one(exp)


def exp_with_plain_table(form: Format) -> Any:
    """As the package's, without what rounding took from the table."""
    low, high, mantissa, bias = form.exp_low, form.exp_high, form.mantissa, form.bias
    shifter_half = 1 << (mantissa - 1)
    reduce, factor, scale = make_reduce(form, 1.0), make_factor(form, 1.0), _scale(form)

    @inlined
    def exp(x: Any) -> Any:
        t, r = reduce(select(x < low, low, select(x > high, high, x)))
        k = (bits(t) & ((1 << mantissa) - 1)) - shifter_half
        half = k >> 5
        whole = scale(k - (half << 4))
        return fma(whole, r * factor(r), whole) * number((half + bias) << mantissa)

    return _one(exp)


def _scale(form: Format) -> Any:
    return make_scale(form, sixteenths(form))


def log_without_division(form: Format) -> Any:
    """k ln 2 + f + f^2 p(f) with a polynomial p on sqrt(1/2) - 1 <= f <= sqrt(2) - 1."""
    mantissa, shifter, smallest = form.mantissa, form.shifter, form.smallest_normal
    ln2_high, ln2_low, sqrt_half = form.ln2_high, form.ln2_low, form.sqrt_half_bits
    lift, largest = float(2**mantissa), form.largest
    shifter_bits = (form.bias + mantissa) << mantissa | 1 << (mantissa - 1)
    tail = polynomial(*_fitted("log1p", -0.2929, 0.4143, 19 if form.mantissa == 52 else 8))

    @inlined
    def log(x: Any) -> Any:
        small = x < smallest
        lifted = select(small, x * lift, x)
        k = (bits(lifted) - sqrt_half) >> mantissa
        f = number(bits(lifted) - (k << mantissa)) - 1.0
        exponent = number(k + shifter_bits) - shifter
        exponent = select(small, exponent - mantissa, exponent)
        y = fma(exponent, ln2_high, f + fma(f * f, tail(f), exponent * ln2_low))
        y = select(x > largest, x, select(x == 0.0, -float("inf"), y))
        return select(x >= 0.0, y, x + float("nan"))

    return _one(log)


def sigmoid_without_table(form: Format) -> Any:
    """1 / (1 + exp(-x)) with a long polynomial."""
    low, high, mantissa, one = form.normal_low, form.normal_high, form.mantissa, form.bias
    reduce, tail = _long_exp(form)

    @inlined
    def sigmoid(x: Any) -> Any:
        clamped = select(x < -high, -high, x)
        t, r = reduce(-select(clamped > -low, -low, clamped))
        p = fma(fma(tail(r), r, 1.0), r, 1.0)
        return 1.0 / fma(p, number((bits(t) << mantissa) + (one << mantissa)), 1.0)

    return _one(sigmoid)


def sigmoid_with_plain_table(form: Format) -> Any:
    """As the package's, with a table of 2^(j/16) itself."""
    return _sigmoid_by(form, _divided)


def sigmoid_by_newton(form: Format) -> Any:
    """The same, its reciprocal by Newton's iteration y <- y (2 - d y) from the exponent's bits."""
    mantissa, bias = form.mantissa, form.bias
    # Of the logarithm's linear approximation: an eighth off at most.
    guess = int((2 * bias - 0.086) * 2**mantissa)
    turns = 5 if mantissa == 52 else 4

    @inlined
    def reciprocal(d: Any) -> Any:
        y = number(guess - bits(d))
        for _ in range(turns):
            y = fma(y, fma(-d, y, 1.0), y)
        return y

    return _sigmoid_by(form, reciprocal)


@inlined
def _divided(d: Any) -> Any:
    return 1.0 / d


def _sigmoid_by(form: Format, reciprocal: Any) -> Any:
    low, high = form.normal_low, form.normal_high
    reduce, scale = make_reduce(form, -1.0), _scale(form)
    tail = polynomial(*tail_of(form.exp_tail, -1.0))

    @inlined
    def sigmoid(x: Any) -> Any:
        clamped = select(x < -high, -high, x)
        t, r = reduce(select(clamped > -low, -low, clamped))
        return reciprocal(fma(fma(fma(tail(r), r, -1.0), r, 1.0), scale(bits(t)), 1.0))

    return _one(sigmoid)


def sigmoid_by_tanh(form: Format) -> Any:
    """(1 + tanh(x / 2)) / 2, which loses what is left of tanh next to -1."""
    tanh = _package(form).tanh

    @inlined
    def sigmoid(x: Any) -> Any:
        return fma(tanh(0.5 * x), 0.5, 0.5)

    return _one(sigmoid)


def tanh_without_table(form: Format, *, corrected: bool) -> Any:
    """m / (m + 2) with m = exp(2 x) - 1 by a long polynomial, the quotient corrected or not."""
    mantissa, limit, one = form.mantissa, form.saturation, form.bias << form.mantissa
    reduce, tail = _long_exp(form)

    @inlined
    def grown(x: Any) -> Any:
        clamped = select(x < -limit, -limit, select(x > limit, limit, x))
        t, r = reduce(clamped + clamped)
        scale = number((bits(t) << mantissa) + one)
        return fma(scale, fma(tail(r) * r, r, r), scale - 1.0)

    @inlined
    def tanh(x: Any) -> Any:
        m = grown(x)
        return select(x == 0.0, x, m / (m + 2.0))

    @inlined
    def tanh_corrected(x: Any) -> Any:
        m = grown(x)
        d = m + 2.0
        reciprocal = 1.0 / d
        q = m * reciprocal
        remainder = fma(-q, m - (d - 2.0), fma(-q, d, m))
        return select(x == 0.0, x, fma(remainder, reciprocal, q))

    return _one(tanh_corrected if corrected else tanh)


def tanh_by_sigmoid(form: Format) -> Any:
    """2 sigmoid(2 x) - 1, which cancels next to zero."""
    sigmoid = _package(form).sigmoid

    @inlined
    def tanh(x: Any) -> Any:
        return fma(sigmoid(x + x), 2.0, -1.0)

    return _one(tanh)


def elu_by_exp(form: Format) -> Any:
    """exp(x) - 1 as it stands, which cancels next to zero."""
    exp = _package(form).exp

    @inlined
    def elu(x: Any) -> Any:
        return select(x > 0.0, x, exp(x) - 1.0)

    return _one(elu)


def softplus_as_it_stands(form: Format) -> Any:
    """log(1 + exp(x)), which loses the small and overflows for the large."""
    exp, log, sigmoid = _package(form).exp, _package(form).log, _package(form).sigmoid

    @inlined
    def softplus(x: Any) -> Any:
        return log(1.0 + exp(x)), sigmoid(x)

    return softplus


def softplus_by_division(form: Format) -> Any:
    """max(x, 0) + 2 atanh(s) with s = e / (2 + e) <= 1/3, in place of a table of centres."""
    far, sign = form.vanishing, form.sign
    reduce, rebuild = make_reduce(form, -1.0), make_rebuild(form, -1.0)
    tail = polynomial(*_fitted("atanh", 0.0, 0.1112, 10 if form.mantissa == 52 else 4))

    @inlined
    def softplus(x: Any) -> Any:
        size = number(bits(x) & ~sign)
        t, r = reduce(select(size > far, far, size))
        e = rebuild(t, r)
        s = e / (e + 2.0)
        z = s * s
        slope = select(x > 0.0, 1.0, e) / (e + 1.0)
        return fma(z * s, tail(z), s + s) + select(x > 0.0, x, 0.0), slope

    return softplus


def silu_by_sigmoid(form: Format) -> Any:
    """x s and s + x s (1 - s), the difference as it stands."""
    sigmoid = _package(form).sigmoid

    @inlined
    def silu(x: Any) -> Any:
        s = sigmoid(x)
        return x * s, fma(x * s, 1.0 - s, s)

    return silu


def gelu_by_cdf(form: Format) -> Any:
    """x Phi(x) and Phi(x) + x phi(x), with 1 - Q in place of Phi above zero."""
    far, sign = far_of(form), form.sign
    upper_tail = make_upper_tail(form)

    @inlined
    def gelu(x: Any) -> Any:
        size = number(bits(x) & ~sign)
        q, phi = upper_tail(select(size > far, far, size))
        cdf = select(x < 0.0, q, 1.0 - q)
        return x * cdf, fma(x, phi, cdf)

    return gelu


def gelu_by_rounded_square(form: Format) -> Any:
    """As the package's, less what rounding took from x^2; and both polynomials by Horner's rule."""
    far, sign, density = far_of(form), form.sign, 1.0 / sqrt(2.0 * pi)
    reduce, rebuild = make_reduce(form, -0.5), make_rebuild(form, -0.5)
    above, below = polynomial(*form.tail_above), polynomial(*form.tail_below)

    @inlined
    def gelu(x: Any) -> Any:
        size = number(bits(x) & ~sign)
        near = select(size > far, far, size)
        e = rebuild(*reduce(near * near))
        q, phi = e * above(near) / below(near), e * density
        d = fma(-near, phi, q)
        return fma(-near, q, select(x < 0.0, -0.0, x)), select(x < 0.0, d, 1.0 - d)

    return gelu


def gelu_by_tanh_form(form: Format) -> Any:
    """gelu_tanh in its place: another function."""
    return _package(form).gelu_tanh


def gelu_tanh_by_tanh(form: Format) -> Any:
    """x (1 + tanh(u)) / 2, which loses what is left of tanh next to -1."""
    linear = sqrt(2.0 / pi)
    cubic = 0.044715 * linear
    tanh = _package(form).tanh

    @inlined
    def gelu_tanh(x: Any) -> Any:
        square = x * x
        s = fma(tanh(x * fma(square, cubic, linear)), 0.5, 0.5)
        return x * s, fma(x * s * (1.0 - s), 2.0 * fma(square, 3.0 * cubic, linear), s)

    return gelu_tanh


def silu_in_parts(form: Format) -> Any:
    """The package's sigmoid(x) and sigmoid(-x), one after the other."""
    far, within = -form.normal_low, make_sigmoid_within(form)

    @inlined
    def silu(x: Any) -> Any:
        near = select(x < -far, -far, select(x > far, far, x))
        s, rest = within(near)[0], within(-near)[0]
        return select(x < -far, -0.0, x * s), fma(near * s, rest, s)

    return silu


VARIANTS: dict[str, dict[str, Maker]] = {
    "exp": {
        "the table not compensated": exp_with_plain_table,
        "no table, a long polynomial": exp_without_table,
    },
    "log": {"no division, a long polynomial": log_without_division},
    "sigmoid": {
        "a table of 2^(j/16) itself": sigmoid_with_plain_table,
        "that, and a Newton reciprocal": sigmoid_by_newton,
        "no table, a long polynomial": sigmoid_without_table,
        "(1 + tanh(x / 2)) / 2": sigmoid_by_tanh,
    },
    "tanh": {
        "no table, a long polynomial": lambda form: tanh_without_table(form, corrected=False),
        "that, the quotient corrected": lambda form: tanh_without_table(form, corrected=True),
        "2 sigmoid(2 x) - 1": tanh_by_sigmoid,
    },
    "elu": {"exp(x) - 1": elu_by_exp},
    "softplus": {
        "a division, no table of centres": softplus_by_division,
        "log(1 + exp(x)) and sigmoid": softplus_as_it_stands,
    },
    "silu": {
        "1 - s in the slope": silu_by_sigmoid,
        "sigmoid(x) and sigmoid(-x)": silu_in_parts,
    },
    "gelu": {
        "1 - Q above zero": gelu_by_cdf,
        "x^2 as it is rounded": gelu_by_rounded_square,
        "the tanh form": gelu_by_tanh_form,
    },
    "gelu_tanh": {"x (1 + tanh(u)) / 2": gelu_tanh_by_tanh},
}


def in_use(name: str) -> Maker:
    """Return the maker of what the package has, its value in a tuple."""

    def make(form: Format) -> Any:
        function = getattr(_package(form), name)
        return function if name in ("softplus", "silu", "gelu", "gelu_tanh") else _one(function)

    return make
