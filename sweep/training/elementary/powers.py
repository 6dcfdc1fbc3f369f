"""exp(x) as a power of two, a power of 2^(1/16) and a short polynomial: what all of them share.

exp(s x) = S exp(s r) with x = k ln 2 / (16 s) + r and S = 2^(k/16): powers of two from a table of
16 leave so little to the polynomial that it is short (Tang, 1989).
"""

import struct
from decimal import Decimal, localcontext
from typing import Any

from sweep.training.elementary.formats import Format
from sweep.training.lanes import bits, fma, inlined, number, polynomial, table

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
