"""Learning-rate schedules: a factor on every rate, by step, with the same bits on every processor.

With T steps after the warm-up and t = 0 ... T - 1 among them, the factors are

==========  ====================================  ===============================================
constant    1
step        gamma^floor(t / every)                PyTorch's StepLR
exponential gamma^t                               PyTorch's ExponentialLR
cosine      from 1 to `final` over T steps        PyTorch's CosineAnnealingLR (Loshchilov and
                                                  Hutter, "SGDR", 2017, equation 5)
one_cycle   from 1/25 to 1 and to 4e-6            PyTorch's OneCycleLR and its defaults (Smith and
                                                  Topin, "Super-convergence", 2019)
wsd         from 1 straight to `final` on the     Hägele et al., "Scaling laws and compute-optimal
            last fifth of T steps                 training beyond fixed training durations", 2024
range_test  final^(t / (T - 1))                   Smith, "Cyclical learning rates", 2017, section
                                                  3.3, with a ramp that is even in the logarithm
==========  ====================================  ===============================================

where "from a to b" is a half period of a cosine, b + (a - b) (1 + cos(pi share)) / 2. A warm-up
before any of them has the factors 1/warmup, 2/warmup ... 1 (Goyal et al., "Accurate, large
minibatch SGD", 2017).

Neither NumPy nor the C library is asked for anything but + - * /, which are exactly rounded: powers
come from decimal arithmetic, the cosine from a polynomial. Each factor is within 4 ulp and a
function of its step alone, whatever range of steps it is computed with.
"""

from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sweep.study import Schedule

Steps = NDArray[np.int64]
Factors = NDArray[np.float64]

_PI = Decimal("3.14159265358979323846264338327950288419716939937510")
# Said in full: whoever calls may have settings of their own. A billion steps take 9 digits.
_DECIMAL = Context(50, ROUND_HALF_EVEN, MIN_EMIN, MAX_EMAX, traps=[])
_BLOCK = 1024  # powers are products of one in a table of so many and one of each multiple of it

_PERCENT_RISING = 30  # OneCycleLR's pct_start, div_factor and final_div_factor
_FIRST = 1 / 25
_LAST = 4e-6  # = 1 / 25 / 1e4


def rate_factors(schedule: Schedule, steps: int, start: int, stop: int) -> Factors:
    """Return (stop - start,) float64, the factors on the rates of updates start ... stop - 1.

    Args:
        schedule: its name, its numbers and the steps of warm-up before it.
        steps: all updates of the run, those of the warm-up too; `stop` is at most this.
        start: the first update, from 0.
        stop: the update after the last.
    """
    step = np.arange(start, stop, dtype=np.int64)
    warming = step < schedule.warmup
    factors = np.empty(len(step))
    factors[warming] = (step[warming] + 1) / schedule.warmup
    since = step[~warming] - schedule.warmup
    with np.errstate(over="ignore", under="ignore"):  # a limit like any other
        factors[~warming] = SCHEDULES[schedule.name](schedule, since, steps - schedule.warmup)
    return factors


def _one_cycle(schedule: Schedule, t: Steps, total: int) -> Factors:
    """Up to the rate until step 0.3 T - 1, no whole number as a rule, and then down to T - 1."""
    top = _PERCENT_RISING * total - 100
    rising = 100 * t <= top
    factors = np.empty(len(t))
    factors[rising] = _half_period(_FIRST, 1.0, 100 * t[rising], top)
    factors[~rising] = _half_period(1.0, _LAST, 100 * t[~rising] - top, 100 * (total - 1) - top)
    return factors


def _wsd(schedule: Schedule, t: Steps, total: int) -> Factors:
    share = np.minimum(5 * (total - t), total) / total
    factors: Factors = share + schedule.final * (1.0 - share)
    return factors


def _range_test(schedule: Schedule, t: Steps, total: int) -> Factors:
    share = _DECIMAL.divide(Decimal(1), Decimal(max(total - 1, 1)))
    return _powers(_DECIMAL.power(Decimal(schedule.final), share), t)


SCHEDULES: dict[str, Callable[[Schedule, Steps, int], Factors]] = {
    "constant": lambda schedule, t, total: np.ones(len(t)),
    "step": lambda schedule, t, total: _powers(Decimal(schedule.gamma), t // schedule.every),
    "exponential": lambda schedule, t, total: _powers(Decimal(schedule.gamma), t),
    "cosine": lambda schedule, t, total: _half_period(1.0, schedule.final, t, total),
    "one_cycle": _one_cycle,
    "wsd": _wsd,
    "range_test": _range_test,
}
"""The factors of each schedule's own steps t of T, both counted from the end of the warm-up."""


def _powers(base: Decimal, exponents: Steps) -> Factors:
    """Return base^n for whole n >= 0, to 1.5 ulp where the result is a normal number."""
    blocks, place = np.unique(exponents // _BLOCK, return_inverse=True)
    coarse = np.array([_power(base, _BLOCK * int(block)) for block in blocks])
    powers: Factors = coarse[place] * np.array(_first_powers(base))[exponents % _BLOCK]
    return powers


@lru_cache(maxsize=16)
def _first_powers(base: Decimal) -> tuple[float, ...]:
    return tuple(_power(base, n) for n in range(_BLOCK))


def _power(base: Decimal, n: int) -> float:
    return float(_DECIMAL.power(base, n)) if n else 1.0


def _half_period(first: float, last: float, t: Steps, total: int) -> Factors:
    """Return last + (first - last) (1 + cos(pi t / T)) / 2, for t = 0 ... T, to 4 ulp.

    As c first + s last with c = cos^2(pi t / 2T) and s = 1 - c: sums of numbers of one sign lose
    nothing. What is below one half of c and s comes from the polynomial, the other from it.
    """
    late = 2 * t > total
    small = _sine_squared(np.where(late, total - t, t) / total)
    large = 1.0 - small
    factors: Factors = np.where(late, small, large) * first + np.where(late, large, small) * last
    return factors


def _sine_squared(y: Factors) -> Factors:
    """Return sin^2(pi y / 2) = (1 - cos(pi y)) / 2 for 0 <= y <= 1/2, by its Taylor series."""
    z = y * y
    value = np.full_like(z, _TAYLOR[-1])
    for coefficient in _TAYLOR[-2::-1]:
        value = value * z + coefficient
    return value * z


def _taylor(terms: int) -> list[float]:
    """Return the coefficients (-1)^(k + 1) pi^2k / (2 (2k)!) of z^k, k from 1, z = y^2."""
    squared, term, found = _DECIMAL.multiply(_PI, _PI), Decimal("-0.5"), []
    for k in range(1, terms + 1):
        factor = _DECIMAL.divide(squared, Decimal(-2 * k * (2 * k - 1)))
        term = _DECIMAL.multiply(term, factor)
        found.append(float(term))
    return found


_TAYLOR = _taylor(11)  # the twelfth term is below 2^-60 of the first
