"""exp and sigmoid: a power of two, a power of 2^(1/16) and a short polynomial."""

from typing import Any

from sweep.training.elementary.formats import Format
from sweep.training.elementary.powers import (
    make_factor,
    make_reduce,
    make_rest,
    make_scale,
    sixteenths,
    tail_of,
)
from sweep.training.lanes import bits, fma, inlined, number, polynomial, select


def make_exp(form: Format) -> Any:
    """Return exp(x), subnormal results included."""
    low, high, mantissa, bias = form.exp_low, form.exp_high, form.mantissa, form.bias
    shifter_half = 1 << (mantissa - 1)
    reduce, factor = make_reduce(form, 1.0), make_factor(form, 1.0)
    scale, rest = make_scale(form, sixteenths(form)), make_rest(form)

    @inlined
    def exp(x: Any) -> Any:
        t, r = reduce(select(x < low, low, select(x > high, high, x)))
        # Two powers of two: a single one may be out of range where the result is not.
        k = (bits(t) & ((1 << mantissa) - 1)) - shifter_half
        half = k >> 5
        whole = scale(k - (half << 4))
        p = fma(r, factor(r), rest(k))
        return fma(whole, p, whole) * number((half + bias) << mantissa)

    return exp


def make_sigmoid_within(form: Format) -> Any:
    """Return x -> (sigmoid(x), sigmoid(-x)), where exp(x) and exp(-x) are both normal numbers.

    1 / (1 + e) and e / (1 + e) with e = exp(-x). The table holds 2^(j/16) / lead and the polynomial
    is lead * exp(-r), for a lead at which all of the table happens to round by little.
    """
    lead = form.sigmoid_lead
    reduce, scale = make_reduce(form, -1.0), make_scale(form, sixteenths(form, lead))
    tail = polynomial(*(lead * c for c in tail_of(form.exp_tail, -1.0)))

    @inlined
    def sigmoid_within(x: Any) -> Any:
        t, r = reduce(x)
        p, whole = fma(fma(tail(r), r, -lead), r, lead), scale(bits(t))
        s = 1.0 / fma(p, whole, 1.0)
        return s, p * whole * s

    return sigmoid_within


def make_sigmoid(form: Format) -> Any:
    """Return sigmoid(x) = 1 / (1 + exp(-x))."""
    low, high = form.normal_low, form.normal_high
    sigmoid_within = make_sigmoid_within(form)

    @inlined
    def sigmoid(x: Any) -> Any:
        """Clamped, which costs less than the smallest normal number."""
        clamped = select(x < -high, -high, x)
        return sigmoid_within(select(clamped > -low, -low, clamped))[0]

    return sigmoid
