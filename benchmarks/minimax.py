"""Make the coefficients of the elementary functions: ``python -m benchmarks.minimax``.

Each polynomial p, or quotient p / q of two, of given degrees minimises max |weight(x) (p(x) / q(x)
- f(x))| over an interval, found by Remez's exchange in 50 digits and then rounded to the format
(E. Remez, 1934; for quotients H. Werner, 1962; see Muller, "Elementary Functions", 3rd ed.,
section 3.5). A weight never quite vanishes, so that the error has its full number of extrema; what
is weighted is the relative error of the function that is made of it. `benchmarks/roundings.py`
finds the numbers that tables are built on. All of it stands in
`sweep/training/elementary/formats.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import mpmath as mp

from benchmarks.roundings import centres, leads

Function = Callable[[mp.mpf], mp.mpf]

_DIGITS = 50
_GRID = 600  # points on which the extrema of the error are looked for
_ROUNDS = 30
_VANISHING = {"float64": 1023, "float32": 127}  # exp(-k ln 2) is taken for zero from this k on


@dataclass(frozen=True)
class Approximation:
    """A row of the table: the names in `formats.py`, and what is approximated where.

    Attributes:
        dtype: whose coefficients these are.
        names: of p's coefficients and, for a quotient, of q's; the constant of q is 1.
        function: f.
        weight: what the error is multiplied by.
        low, high: the interval.
        degrees: of p and of q.
        middle: for a quotient on [0, high], x -> x / (x + middle) spreads its points evenly.
    """

    dtype: str
    names: tuple[str, ...]
    function: Function
    weight: Function
    low: mp.mpf
    high: mp.mpf
    degrees: tuple[int, int]
    middle: mp.mpf | None = None

    def points(self, count: int) -> list[mp.mpf]:
        """Return `count` + 1 points from low to high, closer to each other next to the ends."""
        low, high = self._even(self.low), self._even(self.high)
        middle, radius = (low + high) / 2, (high - low) / 2
        evenly = (middle - radius * mp.cos(mp.pi * i / count) for i in range(count + 1))
        if self.middle is None:
            return list(evenly)
        return [self.middle * x / (1 - x) for x in evenly]

    def _even(self, x: mp.mpf) -> mp.mpf:
        return x if self.middle is None else x / (x + self.middle)


@dataclass(frozen=True)
class Quotient:
    """p / q, by their coefficients, constant first."""

    p: list[mp.mpf]
    q: list[mp.mpf]

    def below(self, x: mp.mpf) -> mp.mpf:
        """q(x)."""
        return mp.polyval(self.q[::-1], x)

    def __call__(self, x: mp.mpf) -> mp.mpf:
        """p(x) / q(x)."""
        return mp.polyval(self.p[::-1], x) / self.below(x)


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


def log1p_tail(f: mp.mpf) -> mp.mpf:
    """(log(1 + f) - f) / f^2."""
    if abs(f) < mp.mpf("1e-12"):
        return mp.mpf(-1) / 2 + f / 3 - f * f / 4
    return (mp.log1p(f) - f) / f**2


def scaled_tail(a: mp.mpf) -> mp.mpf:
    """exp(a^2 / 2) Phi(-a)."""
    return mp.exp(a * a / 2) * mp.erfc(a / mp.sqrt(2)) / 2


def table() -> Iterator[Approximation]:
    """Yield every approximation that the package uses, on intervals a little wider than needed."""
    mp.mp.dps = _DIGITS
    yield from rows_of("float64", exp=4, expm1=5, log=6, log1p=7, tail=10)
    yield from rows_of("float32", exp=1, expm1=2, log=2, log1p=3, tail=4)


def rows_of(
    dtype: str, *, exp: int, expm1: int, log: int, log1p: int, tail: int
) -> Iterator[Approximation]:
    """Yield the rows of one dtype, of these degrees."""
    slack, least = mp.mpf("1.0001"), mp.mpf("1e-6")
    small = mp.log(2) / 32 * slack
    largest = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * slack) ** 2
    far = mp.sqrt(2 * _VANISHING[dtype] * mp.log(2))

    def row(
        name: str, f: Function, weight: Function, low: mp.mpf, high: mp.mpf, degree: int
    ) -> Approximation:
        return Approximation(dtype, (name,), f, weight, low, high, (degree, 0))

    yield row("exp_tail", exp_tail, lambda r: r * r / mp.exp(r) + least, -small, small, exp)
    yield row("expm1_tail", exp_tail, lambda r: abs(r) + least, -small, small, expm1)
    yield row("log_tail", log_tail, lambda z: z + 1e-4, mp.mpf(0), largest, log)
    yield row("log1p_tail", log1p_tail, lambda f: abs(f) + least, -slack / 32, slack / 30, log1p)
    yield Approximation(
        dtype,
        ("tail_above", "tail_below"),
        scaled_tail,
        lambda a: 1 / scaled_tail(a),
        mp.mpf(0),
        far,
        (tail, tail + 1),
        middle=mp.mpf(2),
    )


def minimax(wanted: Approximation) -> tuple[Quotient, mp.mpf]:
    """Return the quotient and the largest weighted error."""
    mp.mp.dps = _DIGITS
    above, below = wanted.degrees
    count, largest = above + below + 2, mp.inf
    function, weight = cache(wanted.function), cache(wanted.weight)
    grid, points = wanted.points(_GRID), wanted.points(count - 1)
    # To start with, a q that is of the size of what will be found, wherever x is.
    start = [mp.binomial(below, i) / (wanted.middle or 1) ** i for i in range(below + 1)]
    found = Quotient([], start)
    for _ in range(_ROUNDS):
        found = _levelled(found, (function, weight), points)
        extrema = _extrema(lambda x, p=found: weight(x) * (p(x) - function(x)), grid)
        if len(extrema) < count:
            break
        while len(extrema) > count:
            extrema.pop(0 if abs(extrema[0][1]) < abs(extrema[-1][1]) else -1)
        largest = max(abs(error) for _, error in extrema)
        points = [x for x, _ in extrema]
        if largest < mp.mpf("1.001") * min(abs(error) for _, error in extrema):
            break
    return found, largest


def _levelled(found: Quotient, wanted: tuple[Function, Function], points: list[mp.mpf]) -> Quotient:
    """Solve for the quotient whose weighted error alternates between equal values at `points`.

    p - f q = +-E q / weight is not linear in E and q: the q on the right is that of the turn
    before, until E stays. Where q = 1, the first turn is the last.
    """
    level, before = mp.mpf(1), mp.mpf(0)
    while abs(level - before) > abs(level) * mp.mpf("1e-25"):
        before = level
        found, level = _turn(found, wanted, points)
        if len(found.q) == 1:
            break
    return found


def _turn(
    before: Quotient, wanted: tuple[Function, Function], points: list[mp.mpf]
) -> tuple[Quotient, mp.mpf]:
    """Return the quotient and E; as many coefficients of p as the points leave to it."""
    (function, weight), below, count = wanted, len(before.q) - 1, len(points)
    above = count - below - 1  # of p
    matrix, right = mp.matrix(count, count), mp.matrix(count, 1)
    for row, x in enumerate(points):
        right[row] = function(x)
        for power in range(above):
            matrix[row, power] = x**power
        for power in range(1, below + 1):
            matrix[row, above + power - 1] = -right[row] * x**power
        matrix[row, count - 1] = (-1) ** row * before.below(x) / weight(x)
    solved = list(mp.lu_solve(matrix, right))
    return Quotient(solved[:above], [mp.mpf(1), *solved[above:-1]]), solved[-1]


def _extrema(error: Function, grid: list[mp.mpf]) -> list[tuple[mp.mpf, mp.mpf]]:
    """Return where the error is largest between its changes of sign, and its value."""
    found: list[tuple[mp.mpf, mp.mpf]] = []
    for x in grid:
        here = error(x)
        if not found or (here > 0) != (found[-1][1] > 0):
            found.append((x, here))
        elif abs(here) > abs(found[-1][1]):
            found[-1] = (x, here)
    return found


def main() -> None:
    """Print every row with its error, and the numbers for tables."""
    for wanted in table():
        found, error = minimax(wanted)
        print(f"{wanted.dtype}: largest weighted error {mp.nstr(error, 3)}")
        for name, coefficients in zip(wanted.names, (found.p, found.q), strict=False):
            print(
                f"    {name}=(",
                *(f"        {float(c)!r}," for c in coefficients),
                "    ),",
                sep="\n",
            )
    for dtype in ("float64", "float32"):
        print(f"{dtype}: sigmoid_lead and how far its table rounds, best last")
        print(*(f"    {lead.hex()}  {ulps:.3f} ulp" for lead, ulps in leads(dtype)), sep="\n")
        print(f"{dtype}: log1p_centres", *(f"    {c.hex()}" for c in centres(dtype)), sep="\n")


if __name__ == "__main__":
    main()
