"""The normal distribution's upper tail, which exact gelu needs."""

from math import pi, sqrt
from typing import Any

from sweep.training.elementary.formats import Format
from sweep.training.elementary.powers import make_rebuild, make_reduce
from sweep.training.lanes import fma, inlined, polynomial


def far_of(form: Format) -> float:
    """Return the a from which on exp(-a^2 / 2) is taken for a zero."""
    return sqrt(2.0 * form.vanishing)


def make_upper_tail(form: Format) -> Any:
    """Return upper_tail(a) -> (Q(a), phi(a)) for 0 <= a <= `far_of`, with Q(a) = Phi(-a).

    Q(a) = E P(a) / R(a) with E = exp(-a^2 / 2), where what rounding took from a^2 is put back: it
    would be multiplied by a^2 / 2. Both polynomials have positive coefficients only, so that
    nothing cancels.
    """
    density = 1.0 / sqrt(2.0 * pi)
    reduce, rebuild = make_reduce(form, -0.5), make_rebuild(form, -0.5)
    above, below = _make_split(form.tail_above), _make_split(form.tail_below)

    @inlined
    def upper_tail(a: Any) -> Any:
        square = a * a
        t, r = reduce(square)
        e = rebuild(t, r + fma(a, a, -square))
        return e * above(a, square) / below(a, square), e * density

    return upper_tail


def _make_split(coefficients: tuple[float, ...]) -> Any:
    """Return p(a, a^2), even and odd powers apart but for the first: fewer roundings in a row."""
    first = coefficients[0]
    odd, even = polynomial(*coefficients[1::2]), polynomial(*coefficients[2::2])

    @inlined
    def split(a: Any, square: Any) -> Any:
        return fma(a, fma(a, even(square), odd(square)), first)

    return split
