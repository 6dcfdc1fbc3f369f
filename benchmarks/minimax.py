"""Make the coefficients in `sweep/training/elementary.py`: ``python -m benchmarks.minimax``.

Each polynomial p of a given degree minimises max |weight(x) (p(x) - f(x))| over an interval, found
by Remez's exchange (E. Remez, 1934; see Muller, "Elementary Functions", 3rd ed., section 3.5) in
50 digits and then rounded to the format. A weight never quite vanishes, so that the error has its
full number of extrema; what is weighted is the relative error of exp and of log.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import mpmath as mp
import numpy as np

Function = Callable[[mp.mpf], mp.mpf]

_DIGITS = 50
_GRID = 600  # points on which the extrema of the error are looked for
_ROUNDS = 30
_BATCH = 1_000_000


@dataclass(frozen=True)
class Approximation:
    """A row of the table: the name in `elementary.py`, and what it approximates where."""

    name: str
    function: Function
    weight: Function
    low: mp.mpf
    high: mp.mpf
    degree: int


def exp_tail(r: mp.mpf) -> mp.mpf:
    """(exp(r) - 1 - r) / r^2."""
    if abs(r) < mp.mpf("1e-12"):
        return mp.mpf(1) / 2 + r / 6 + r * r / 24
    return (mp.exp(r) - 1 - r) / r**2


def log_tail(z: mp.mpf) -> mp.mpf:
    """(2 atanh(s) - 2 s) / s^3 where z = s^2."""
    if z < mp.mpf("1e-20"):
        return mp.mpf(2) / 3 + 2 * z / 5
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s) / (s * z)


def table() -> Iterator[Approximation]:
    """Yield every approximation that the package uses, on intervals a little wider than needed."""
    mp.mp.dps = _DIGITS
    slack = mp.mpf("1.0001")
    half, small = mp.log(2) / 2 * slack, mp.log(2) / 32 * slack
    largest = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * slack) ** 2
    degrees = (("float64", 9, 4, 6), ("float32", 4, 1, 2))
    for dtype, exp_degree, sigmoid_degree, log_degree in degrees:
        yield Approximation(
            f"{dtype} exp_tail",
            exp_tail,
            lambda r: r * r / mp.exp(r) + 1e-3,
            -half,
            half,
            exp_degree,
        )
        yield Approximation(
            f"{dtype} sigmoid_tail",
            exp_tail,
            lambda r: r * r / mp.exp(r) + mp.mpf("1e-6"),
            -small,
            small,
            sigmoid_degree,
        )
        yield Approximation(
            f"{dtype} log_tail", log_tail, lambda z: z + 1e-4, mp.mpf(0), largest, log_degree
        )


def minimax(wanted: Approximation) -> tuple[list[mp.mpf], mp.mpf]:
    """Return the coefficients, constant first, and the largest weighted error."""
    count = wanted.degree + 2
    points = _chebyshev(wanted, count - 1)
    coefficients: list[mp.mpf] = []
    largest = mp.inf
    for _ in range(_ROUNDS):
        coefficients = _levelled(wanted, points)
        extrema = _extrema(wanted, coefficients)
        if len(extrema) < count:
            break
        while len(extrema) > count:
            extrema.pop(0 if abs(extrema[0][1]) < abs(extrema[-1][1]) else -1)
        largest = max(abs(error) for _, error in extrema)
        points = [x for x, _ in extrema]
        if largest < mp.mpf("1.001") * min(abs(error) for _, error in extrema):
            break
    return coefficients, largest


def _chebyshev(wanted: Approximation, count: int) -> list[mp.mpf]:
    middle, radius = (wanted.low + wanted.high) / 2, (wanted.high - wanted.low) / 2
    return [middle - radius * mp.cos(mp.pi * i / count) for i in range(count + 1)]


def _levelled(wanted: Approximation, points: list[mp.mpf]) -> list[mp.mpf]:
    """Solve for the polynomial whose weighted error alternates between equal values at `points`."""
    count = len(points)
    matrix, right = mp.matrix(count, count), mp.matrix(count, 1)
    for row, x in enumerate(points):
        for power in range(count - 1):
            matrix[row, power] = x**power
        matrix[row, count - 1] = (-1) ** row / wanted.weight(x)
        right[row] = wanted.function(x)
    return list(mp.lu_solve(matrix, right))[:-1]


def _extrema(wanted: Approximation, coefficients: list[mp.mpf]) -> list[tuple[mp.mpf, mp.mpf]]:
    """Return where the weighted error is largest between its changes of sign, and its value."""
    found: list[tuple[mp.mpf, mp.mpf]] = []
    for x in _chebyshev(wanted, _GRID):
        error = wanted.weight(x) * (mp.polyval(coefficients[::-1], x) - wanted.function(x))
        if not found or (error > 0) != (found[-1][1] > 0):
            found.append((x, error))
        elif abs(error) > abs(found[-1][1]):
            found[-1] = (x, error)
    return found


def table_rounding(lead: float, digits: int) -> float:
    """Return how far the worst of 2^(j/16) / lead, j < 16, is from `digits` bits, in their ulps."""
    mp.mp.dps = _DIGITS
    mantissas = (mp.frexp(mp.mpf(2) ** (mp.mpf(j) / 16) / mp.mpf(lead))[0] for j in range(16))
    scaled = [mantissa * mp.mpf(2) ** digits for mantissa in mantissas]
    return max(float(abs(x - mp.nint(x))) for x in scaled)


def search_leads(seed: int, count: int) -> Iterator[tuple[float, float]]:
    """Yield leads for float64, each with its table's rounding and better than those before.

    Candidates lie just under 2, where the polynomial's own rounding weighs least; they are sieved
    in 64-bit mantissas, one power after the other. The one in use came from a billion or so.
    """
    mp.mp.dps = _DIGITS
    powers = [np.longdouble(mp.nstr(mp.mpf(2) ** (mp.mpf(j) / 16), 30)) for j in range(16)]
    generator, best = np.random.default_rng(seed), 0.5
    for _ in range(count // _BATCH):
        left = 1.80 + 0.15 * generator.random(_BATCH)
        for power in powers:
            scaled = np.frexp(power / left.astype(np.longdouble))[0] * np.longdouble(2) ** 53
            left = left[np.abs(scaled - np.rint(scaled)) < best]
        for lead in left:
            if (rounding := table_rounding(lead, 53)) < best:
                best = rounding
                yield float(lead), rounding


def main() -> None:
    """Print every row with its error."""
    for wanted in table():
        coefficients, error = minimax(wanted)
        print(f"{wanted.name}: largest weighted error {mp.nstr(error, 3)}")
        print("".join(f"    {float(c)!r},\n" for c in coefficients), end="")
    for lead, rounding in search_leads(seed=1, count=2_000_000):
        print(f"float64 sigmoid_lead: {lead.hex()} rounds by {rounding:.3f} ulp at most")


if __name__ == "__main__":
    main()
