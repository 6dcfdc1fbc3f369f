"""log, and softplus, which is a logarithm near one."""

from decimal import Decimal, localcontext
from typing import Any

from sweep.training.elementary.exponential import make_rebuild, make_reduce, pattern_of
from sweep.training.elementary.formats import Format
from sweep.training.lanes import bits, fma, inlined, number, polynomial, select, table


def make_log(form: Format) -> Any:
    """Return log(x) = k ln 2 + 2 atanh(s) with s = f / (2 + f)."""
    mantissa, shifter, smallest = form.mantissa, form.shifter, form.smallest_normal
    ln2_high, ln2_low, sqrt_half = form.ln2_high, form.ln2_low, form.sqrt_half_bits
    lift, largest = float(2**mantissa), form.largest
    shifter_bits = (form.bias + mantissa) << mantissa | 1 << (mantissa - 1)
    tail = polynomial(*form.log_tail)

    @inlined
    def log(x: Any) -> Any:
        small = x < smallest
        lifted = select(small, x * lift, x)
        # The exponent k that leaves the mantissa m in [sqrt(1/2), sqrt(2)).
        k = (bits(lifted) - sqrt_half) >> mantissa
        f = number(bits(lifted) - (k << mantissa)) - 1.0
        exponent = number(k + shifter_bits) - shifter
        exponent = select(small, exponent - mantissa, exponent)
        s = f / (f + 2.0)
        z = s * s
        half_square = 0.5 * f * f
        # 2 atanh(s) = f - f^2/2 + s (f^2/2 + z tail(z)), with f exact.
        correction = fma(s, fma(z, tail(z), half_square), exponent * ln2_low)
        y = fma(exponent, ln2_high, f - (half_square - correction))
        y = select(x > largest, x, select(x == 0.0, -float("inf"), y))
        return select(x >= 0.0, y, x + float("nan"))

    return log


def make_softplus(form: Format) -> Any:
    """Return softplus(x) -> (log(1 + exp(x)), sigmoid(x)) from e = exp(-|x|).

    max(x, 0) + log(1 + e), and 1 / (1 + e) or e / (1 + e).
    """
    far, sign = form.vanishing, form.sign
    reduce, rebuild, log1p = make_reduce(form, -1.0), make_rebuild(form, -1.0), make_log1p(form)

    @inlined
    def softplus(x: Any) -> Any:
        size = number(bits(x) & ~sign)
        t, r = reduce(select(size > far, far, size))
        e = rebuild(t, r)
        slope = select(x > 0.0, 1.0, e) / (e + 1.0)
        return log1p(e) + select(x > 0.0, x, 0.0), slope

    return softplus


def make_log1p(form: Format) -> Any:
    """Return log(1 + e) for 0 <= e <= 1, to a relative accuracy.

    (1 + e) c = 1 + f for a c near 1 / (1 + e) out of 16 leaves |f| <= 1/30, in one rounding, and no
    division; log(1 + e) = log(1 + f) - log(c). The c are such that their logarithms round by little
    (S. Gal, "Computing elementary functions", 1986).
    """
    shifter = form.shifter
    with localcontext(prec=50):
        logarithms = [-Decimal(c).ln() for c in form.log1p_centres]
    centre = table(*(pattern_of(form, c) for c in form.log1p_centres))
    logarithm = table(*(pattern_of(form, value) for value in logarithms))
    tail = polynomial(*form.log1p_tail)

    @inlined
    def log1p(e: Any) -> Any:
        k = bits(fma(e, 15.0, shifter))
        c = number(centre(k))
        f = fma(e, c, c - 1.0)
        return fma(f * f, tail(f), f + number(logarithm(k)))

    return log1p
