"""x times a distribution function of x, with its slope: silu, gelu and gelu's tanh form.

Each is -0 at -infinity and x at +infinity, where the product would be infinity times zero.
"""

from math import pi, sqrt
from typing import Any

from sweep.training.elementary.exponential import make_rebuild, make_reduce, make_sigmoid_within
from sweep.training.elementary.formats import Format
from sweep.training.lanes import bits, fma, inlined, number, polynomial, select


def make_silu(form: Format) -> Any:
    """Return silu(x) -> (x s, s + x s (1 - s)) with s = sigmoid(x).

    (D. Hendrycks and K. Gimpel, 2016; S. Elfwing et al., 2018.)
    """
    far = -form.normal_low
    sigmoid_within = make_sigmoid_within(form)

    @inlined
    def silu(x: Any) -> Any:
        near = select(x < -far, -far, select(x > far, far, x))
        s, rest = sigmoid_within(near)
        return select(x < -far, -0.0, x * s), fma(near * s, rest, s)

    return silu


def make_gelu_tanh(form: Format) -> Any:
    """Return gelu_tanh(x) -> (x s, s + x s (1 - s) y') with s = sigmoid(y).

    (1 + tanh(u)) / 2 = sigmoid(2 u), and y = 2 sqrt(2 / pi) (x + 0.044715 x^3).
    """
    far = form.gelu_tanh_far
    linear = 2.0 * sqrt(2.0 / pi)
    cubic = 0.044715 * linear
    sigmoid_within = make_sigmoid_within(form)

    @inlined
    def gelu_tanh(x: Any) -> Any:
        near = select(x < -far, -far, select(x > far, far, x))
        square = near * near
        s, rest = sigmoid_within(near * fma(square, cubic, linear))
        rise = fma(square, 3.0 * cubic, linear)
        return select(x < -far, -0.0, x * s), fma(near * s * rest, rise, s)

    return gelu_tanh


def make_gelu(form: Format) -> Any:
    """Return gelu(x) -> (x Phi(x), Phi(x) + x phi(x)), from the tail Q(|x|).

    x Phi(x) is -|x| Q below zero and x - |x| Q above; the slope is D = Q - |x| phi below and 1 - D
    above. (D. Hendrycks and K. Gimpel, "Gaussian error linear units", 2016.)
    """
    far, sign = far_of(form), form.sign
    upper_tail = make_upper_tail(form)

    @inlined
    def gelu(x: Any) -> Any:
        size = number(bits(x) & ~sign)
        near = select(size > far, far, size)
        q, phi = upper_tail(near)
        d = fma(-near, phi, q)
        value = fma(-near, q, select(x < 0.0, -0.0, x))
        return value, select(x < 0.0, d, 1.0 - d)

    return gelu


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
