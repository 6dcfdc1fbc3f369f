"""exp, and what is made of it: sigmoid, and exp(x) - 1 to a relative accuracy for tanh and elu.

exp(s x) = S exp(s r) with x = k ln 2 / (16 s) + r and S = 2^(k/16): powers of two from a table of
16 leave so little to the polynomial that it is short (Tang, 1989).
"""

import struct
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from sweep.training.elementary.formats import Format
from sweep.training.lanes import bits, fma, inlined, number, polynomial, select, table

LOG2_E = 1.4426950408889634
_TABLE_BITS = 4  # of k, that find a value in a table
_DIGITS = 50  # decimal arithmetic has the same digits everywhere


def make_reduce(form: Format, s: float) -> Any:
    """Return reduce(x) -> (t, r) for exp(s x), with k in the low bits of t.

    k ln 2 is subtracted in two parts, so that r is exact but for one rounding however large k is.
    """
    per_step, shifter = 16 * s * LOG2_E, form.shifter
    high, low = form.ln2_high / (16 * s), form.ln2_low / (16 * s)

    @inlined
    def reduce(x: Any) -> Any:
        t = fma(x, per_step, shifter)
        k = t - shifter
        return t, fma(k, -low, fma(k, -high, x))

    return reduce


def make_scale(form: Format, sixteenths: list[float]) -> Any:
    """Return scale(k) = 2^(k/16) for a table of it, of integers k of which the low bits count."""
    place = form.mantissa - _TABLE_BITS
    patterns = [pattern_of(form, value) for value in sixteenths]
    sixteenth = table(*(pattern - (j << place) for j, pattern in enumerate(patterns)))

    @inlined
    def scale(k: Any) -> Any:
        return number((k << place) + sixteenth(k))

    return scale


def make_rest(form: Format) -> Any:
    """Return rest(k) = 2^(k/16) / S - 1 for what `scale` makes of k: what rounding took from it."""
    with localcontext(prec=_DIGITS):
        kept = [Decimal(value) for value in sixteenths(form)]
        rests = [power / value - 1 for power, value in zip(powers(), kept, strict=True)]
    pattern = table(*(pattern_of(form, rest) for rest in rests))

    @inlined
    def rest(k: Any) -> Any:
        return number(pattern(k))

    return rest


def make_rebuild(form: Format, s: float) -> Any:
    """Return rebuild(t, r) = S exp(s r), where the result is a normal number or zero."""
    scale, factor = make_scale(form, sixteenths(form)), make_factor(form, s)

    @inlined
    def rebuild(t: Any, r: Any) -> Any:
        whole = scale(bits(t))
        return fma(whole * r, factor(r), whole)

    return rebuild


def make_factor(form: Format, s: float) -> Any:
    """Return factor(r) = (exp(s r) - 1) / r."""
    return polynomial(s, *tail_of(form.exp_tail, s))


def tail_of(coefficients: tuple[float, ...], s: float) -> list[float]:
    """Return the coefficients of (exp(s r) - 1 - s r) / r^2 from those for s = 1."""
    return [c * s ** (i + 2) for i, c in enumerate(coefficients)]


def sixteenths(form: Format, lead: float = 1.0) -> list[float]:
    """Return 2^(j/16) / lead for j = 0 ... 15, rounded."""
    with localcontext(prec=_DIGITS):
        return [rounded_to(form, power / Decimal(lead)) for power in powers()]


def powers() -> list[Decimal]:
    """Return 2^(j/16) for j = 0 ... 15 to 50 digits."""
    with localcontext(prec=_DIGITS):
        return [Decimal(2) ** (Decimal(j) / 16) for j in range(16)]


def rounded_to(form: Format, value: Decimal | float) -> float:
    """Return the value as a number of the format."""
    return float(struct.unpack(form.number_code, struct.pack(form.number_code, float(value)))[0])


def pattern_of(form: Format, value: Decimal | float) -> int:
    """Return the bits of the value as a number of the format."""
    packed = struct.pack(form.number_code, float(value))
    return int(struct.unpack(form.bits_code, packed)[0])


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
