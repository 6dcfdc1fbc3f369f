"""exp(x) - 1 to a relative accuracy, and what is made of it: tanh and elu."""

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from sweep.training.elementary.formats import Format
from sweep.training.elementary.powers import (
    LOG2_E,
    make_scale,
    pattern_of,
    powers,
    rounded_to,
    tail_of,
)
from sweep.training.lanes import bits, fma, inlined, number, polynomial, select, table


def make_tanh(form: Format) -> Any:
    """Return tanh(x) = h / (h + 2 lead) with h = lead (exp(2 |x|) - 1), and the sign of x.

    The lead is such that the mantissas of h, of h + 2 lead and of tanh are not close to 1, 1 and 2
    at the same time, where roundings weigh most; and so short that lead (S - 1) below is exact.
    """
    lead, limit, sign = 0.875, form.saturation, form.sign
    growth, twice = make_growth(form, 2.0, lead, 0), 2.0 * lead

    @inlined
    def tanh(x: Any) -> Any:
        size = number(bits(x) & ~sign)
        h = growth(select(size > limit, limit, size))
        return number(bits(h / (h + twice)) | (bits(x) & sign))

    return tanh


def make_elu(form: Format) -> Any:
    """Return elu(x) = x where x > 0, else exp(x) - 1."""
    growth, limit, sign = make_growth(form, 1.0, 1.0, -16), -2.0 * form.saturation, form.sign

    @inlined
    def elu(x: Any) -> Any:
        size = growth(select(x < limit, limit, select(x > 0.0, 0.0, x)))
        # The sign of x again: of a zero it would be lost.
        return select(x > 0.0, x, number(bits(size) | (bits(x) & sign)))

    return elu


def make_growth(form: Format, s: float, lead: float, first: int) -> Any:
    """Return growth(x) = lead (exp(s x) - 1), where exp(s x) is a normal number.

    With exp(s x) = S (1 + p) it is S lead p + lead (S - 1). The last is exact for k next to zero,
    on the side of `first`, 0 or -16; and p takes along what rounding took from S in the table.

    ln 2 is subtracted in one part. Of exp(s x) that makes the relative error k times that of
    ln 2 / 16, at most s x 2^-p / 3 with p significant bits; but (exp(s x) - 1) / exp(s x) is large
    for a large x, so that this is a third of an ulp at most in tanh and in exp(x) - 1 for x <= 0.
    """
    per_step, step, shifter = 16 * s * LOG2_E, form.ln2 / (16 * s), form.shifter
    scale = make_scale(form, _short_sixteenths(form, lead))
    error = _make_error(form, s, lead, first)
    tail = polynomial(*(lead * c for c in tail_of(form.expm1_tail, s)))
    slope = lead * s

    @inlined
    def growth(x: Any) -> Any:
        t = fma(x, per_step, shifter)
        r = fma(t - shifter, -step, x)
        whole = scale(bits(t))
        p = fma(r, slope, fma(tail(r), r * r, error(bits(t))))
        return fma(whole, p, fma(whole, lead, -lead))

    return growth


def _short_sixteenths(form: Format, lead: float) -> list[float]:
    """Return S = 2^(j/16) rounded to so few bits that lead (S - 1) is exact."""
    return [float(_short(form, Fraction(lead), Fraction(power))) for power in powers()]


def _short(form: Format, lead: Fraction, power: Fraction) -> Fraction:
    ulp = Fraction(1, 2**form.mantissa)
    short = round(power / ulp) * ulp
    while rounded_to(form, float(lead * (short - 1))) != lead * (short - 1):
        ulp *= 2
        short = round(power / ulp) * ulp
    return short


def _make_error(form: Format, s: float, lead: float, first: int) -> Any:
    """Return error(k), to be added to lead (exp(s r) - 1).

    It is what rounding took from S in the table, times an exp(s r) between 1 and that next to zero,
    where it weighs most; and s k times what rounding took from the step of x, for the k next to
    zero on the side of `first`: beyond, that matters less.
    """
    with localcontext(prec=50):
        step = Decimal(2).ln() / (16 * Decimal(s))
        excess = (Decimal(rounded_to(form, step)) - step) * Decimal(s)
        nearer = 1 + Decimal(-1 if first == 0 else 1) / 64
        errors = [Decimal(0)]
        for j, short in enumerate(_short_sixteenths(form, lead)[1:], 1):
            errors.append((powers()[j] / Decimal(short) - 1) * nearer + (j + first) * excess)
        pattern = table(*(pattern_of(form, Decimal(lead) * error) for error in errors))

    @inlined
    def error(k: Any) -> Any:
        return number(pattern(k))

    return error
