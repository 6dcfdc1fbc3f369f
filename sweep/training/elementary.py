"""exp, log, sigmoid and tanh on lanes, with the same bits on every processor.

No function here calls a library or looks up an approximation that the processor supplies: each is
a fixed sequence of correctly rounded IEEE operations. NaN goes through, infinities give the limits.

==========  ============  ============  =================================================
function    float64       float32       where
==========  ============  ============  =================================================
exp, log    1.1 ulp       1.1 ulp       every input; below the normal range 1 subnormal
sigmoid     2.5 ulp       2.5 ulp       where the true result is a normal number
tanh        2.5 ulp       2.5 ulp       everywhere
==========  ============  ============  =================================================

The table states bounds; `tests/training/test_elementary.py` measures the errors against mpmath.
The reduction and the shape of the approximations follow J.-M. Muller, "Elementary Functions:
Algorithms and Implementation", 3rd ed., 2016, chapters 3 and 11: exp(x) = 2^k exp(r) with
k = round(x / ln 2), and log(x) = k ln 2 + 2 atanh(s) with s = f / (2 + f). The coefficients are
minimax over the reduced range, made by `benchmarks/minimax.py`.
"""

import struct
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import cache
from typing import Any

from sweep.training.lanes import bits, fma, inlined, number, polynomial, select, table


@dataclass(frozen=True)
class _Format:
    """The constants of one floating-point format.

    `ln2_high` has so many trailing zeros that k * ln2_high is exact; `shifter` is 1.5 * 2^mantissa:
    adding it rounds to an integer, which is then found in the low bits.
    """

    mantissa: int
    bias: int
    shifter: float
    ln2_high: float
    ln2_low: float
    exp_low: float  # below: exp underflows to zero
    exp_high: float  # above: exp overflows to infinity
    normal_low: float  # exp is a normal number between these two
    normal_high: float
    tanh_high: float  # beyond: tanh is 1 in this format
    smallest_normal: float
    largest: float
    sqrt_half_bits: int
    exp_tail: tuple[float, ...]  # (exp(r) - 1 - r) / r^2 on |r| <= ln(2) / 2
    sigmoid_lead: float  # see `_make_sigmoid`
    sigmoid_tail: tuple[float, ...]  # like exp_tail, on |r| <= ln(2) / 32
    log_tail: tuple[float, ...]  # (2 atanh(s) - 2 s) / s^3 as a polynomial in s^2


_FORMATS = {
    "float64": _Format(
        mantissa=52,
        bias=1023,
        shifter=float.fromhex("0x1.8p52"),
        ln2_high=float.fromhex("0x1.62e42feep-1"),
        ln2_low=float.fromhex("0x1.a39ef35793c76p-33"),
        exp_low=-746.0,
        exp_high=710.0,
        normal_low=-708.0,
        normal_high=709.0,
        tanh_high=22.0,
        smallest_normal=float.fromhex("0x1p-1022"),
        largest=float.fromhex("0x1.fffffffffffffp1023"),
        sqrt_half_bits=0x3FE6A09E667F3BCD,
        exp_tail=(
            0.500000000000001,
            0.16666666666666421,
            0.041666666666534825,
            0.008333333333490235,
            0.00138888889425525,
            0.0001984126951277893,
            2.4801494104324684e-05,
            2.7557582738175313e-06,
            2.76299200247836e-07,
            2.5000757929534418e-08,
        ),
        sigmoid_lead=float.fromhex("0x1.ec59332ec9cc3p+0"),
        sigmoid_tail=(
            0.49999999999999606,
            0.16666666664419905,
            0.041666666693111316,
            0.008333471881254757,
            0.0013888595713362512,
        ),
        log_tail=(
            0.6666666666666731,
            0.3999999999943622,
            0.28571428738335386,
            0.22222198938273507,
            0.18183547269790074,
            0.1531444921506772,
            0.14792262697026523,
        ),
    ),
    "float32": _Format(
        mantissa=23,
        bias=127,
        shifter=float.fromhex("0x1.8p23"),
        ln2_high=float.fromhex("0x1.62ep-1"),
        ln2_low=float.fromhex("0x1.0bfbe8p-15"),
        exp_low=-104.0,
        exp_high=89.0,
        normal_low=-87.0,
        normal_high=88.0,
        tanh_high=10.0,
        smallest_normal=float.fromhex("0x1p-126"),
        largest=float.fromhex("0x1.fffffep127"),
        sqrt_half_bits=0x3F3504F3,
        exp_tail=(
            0.49999993689029865,
            0.1666652138670447,
            0.04166834049228672,
            0.008368646644901823,
            0.0013816863519838553,
        ),
        sigmoid_lead=float.fromhex("0x1.e7fa6ap+0"),
        sigmoid_tail=(0.5000161537326239, 0.16666718502141237),
        log_tail=(0.6666677530616543, 0.3997764362758542, 0.2986947249868417),
    ),
}

_LOG2_E = 1.4426950408889634
_TABLE_BITS = 4  # of k, that find a value in the table of sigmoid


@dataclass(frozen=True)
class Elementary:
    """The functions of one dtype, to be called in compiled code on lanes of that dtype."""

    exp: Any
    log: Any
    sigmoid: Any
    tanh: Any


@cache
def elementary(dtype: str) -> Elementary:
    """Return the elementary functions for lanes of "float64" or "float32"."""
    form = _FORMATS[dtype]
    reduce = _make_reduce(form)
    return Elementary(
        exp=_make_exp(form, reduce),
        log=_make_log(form),
        sigmoid=_make_sigmoid(form),
        tanh=_make_tanh(form, reduce),
    )


def _make_reduce(form: _Format) -> Any:
    """Return reduce(x) -> (t, r): x = k ln 2 + r, where k is found in the low bits of t."""
    shifter, ln2_high, ln2_low = form.shifter, form.ln2_high, form.ln2_low

    @inlined
    def reduce(x: Any) -> Any:
        t = fma(x, _LOG2_E, shifter)
        k = t - shifter
        r = fma(k, -ln2_low, fma(k, -ln2_high, x))
        return t, r

    return reduce


def _make_exp(form: _Format, reduce: Any) -> Any:
    low, high, mantissa, bias = form.exp_low, form.exp_high, form.mantissa, form.bias
    shifter_half = 1 << (mantissa - 1)
    tail = polynomial(*form.exp_tail)

    @inlined
    def exp(x: Any) -> Any:
        clamped = select(x < low, low, select(x > high, high, x))
        t, r = reduce(clamped)
        p = fma(fma(tail(r), r, 1.0), r, 1.0)
        # Two factors: 2^k itself may be out of range where the result is not.
        k = (bits(t) & ((1 << mantissa) - 1)) - shifter_half
        half = k >> 1
        return p * number((half + bias) << mantissa) * number((k - half + bias) << mantissa)

    return exp


def _make_sigmoid(form: _Format) -> Any:
    low, high, shifter = form.normal_low, form.normal_high, form.shifter
    lead, place = form.sigmoid_lead, form.mantissa - _TABLE_BITS
    per_16th = 16 * _LOG2_E
    ln2_high, ln2_low = form.ln2_high / 16, form.ln2_low / 16
    # As functions of -r: the argument's sign changes in the constants, at no cost.
    tail = polynomial(*(lead * (-c if i % 2 else c) for i, c in enumerate(form.sigmoid_tail)))
    sixteenths = table(*_sixteenths(form))

    @inlined
    def sigmoid(x: Any) -> Any:
        """1 / (1 + exp(-x)); the clamp costs less than the smallest normal number.

        exp(-x) = 2^(k/16) exp(r) with k = round(-16 x / ln 2): powers of two from a table of 16
        leave so little to the polynomial that it is short (P. T. P. Tang, 1989). The table holds
        2^(j/16) / lead and the polynomial is lead * exp(r), for a lead at which all of the table
        happens to round by little.
        """
        clamped = select(x < -high, -high, x)
        clamped = select(clamped > -low, -low, clamped)
        t = fma(clamped, -per_16th, shifter)
        k = t - shifter
        r = fma(k, ln2_low, fma(k, ln2_high, clamped))
        p = fma(fma(tail(r), r, -lead), r, lead)
        scale = number((bits(t) << place) + sixteenths(bits(t)))
        return 1.0 / fma(p, scale, 1.0)

    return sigmoid


def _sixteenths(form: _Format) -> list[int]:
    """Return the bits of 2^(j/16) / lead less j's own share of the exponent, for j = 0 ... 15.

    Adding k shifted by `place` then gives 2^(k/16) / lead, for j the low bits of k. Decimal
    arithmetic has the same digits everywhere.
    """
    place = form.mantissa - _TABLE_BITS
    lead = Decimal(form.sigmoid_lead)
    number_code, bits_code = ("<d", "<q") if form.mantissa == 52 else ("<f", "<i")
    with localcontext(prec=50):
        values = [float(Decimal(2) ** (Decimal(j) / 16) / lead) for j in range(16)]
    found = [struct.unpack(bits_code, struct.pack(number_code, value))[0] for value in values]
    return [pattern - (j << place) for j, pattern in enumerate(found)]


def _make_tanh(form: _Format, reduce: Any) -> Any:
    mantissa, limit = form.mantissa, form.tanh_high
    one = form.bias << mantissa
    tail = polynomial(*form.exp_tail)

    @inlined
    def tanh(x: Any) -> Any:
        """m / (m + 2) with m = exp(2x) - 1, which keeps its relative accuracy near zero.

        The quotient is corrected for what rounding took from it and from m + 2.
        """
        clamped = select(x < -limit, -limit, select(x > limit, limit, x))
        t, r = reduce(clamped + clamped)
        p = fma(tail(r) * r, r, r)
        scale = number((bits(t) << mantissa) + one)
        m = fma(scale, p, scale - 1.0)
        d = m + 2.0
        reciprocal = 1.0 / d
        q = m * reciprocal
        remainder = fma(-q, m - (d - 2.0), fma(-q, d, m))
        return select(x == 0.0, x, fma(remainder, reciprocal, q))

    return tanh


def _make_log(form: _Format) -> Any:
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
