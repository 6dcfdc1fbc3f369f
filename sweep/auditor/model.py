"""The exercise itself: what every quantity is, as formulas, and their values for all rows at once.

    h1 = w1 i1 + w2 i2, h2 = w3 i1 + w4 i2, o1 = w5 ah1 + w6 ah2, o2 = w7 ah1 + w8 ah2
    a = 1 / (1 + e^-x), e = (t - ao)^2 / 2, et = e1 + e2, w <- w - eta d(et)/d(w)

With biases, one a layer (b1, b2) or one a unit (bh1, bh2, bo1, bo2), each sum has its own added.
The definitions are read by the same parser as a student's formulas; `prev.w1` is the row above's,
`3.w1` that of three rows below, `first.w1` that of the first row.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from sweep.auditor.formulas import Tree, evaluate, parse
from sweep.auditor.roles import BIASES, WEIGHTS

SUMS = {
    "h1": (("w1", "i1"), ("w2", "i2")),
    "h2": (("w3", "i1"), ("w4", "i2")),
    "o1": (("w5", "ah1"), ("w6", "ah2")),
    "o2": (("w7", "ah1"), ("w8", "ah2")),
}
"""The network: each sum's weights and what they multiply."""


UNITS = tuple(SUMS)


def bias_of(unit: str, biases: str) -> str:
    """Return the bias that is added to a sum, "" if there is none."""
    if biases == "layer":
        return "b1" if unit[0] == "h" else "b2"
    return f"b{unit}" if biases else ""


def _texts(biases: str) -> dict[str, tuple[str, ...]]:
    """Return each role's right formulas; the first is the course's."""
    found: dict[str, tuple[str, ...]] = {}
    for unit, terms in SUMS.items():
        added = [f"{w}*{x}" for w, x in terms] + [bias_of(unit, biases)] * bool(biases)
        found[unit] = ("+".join(added),)
        found[f"a{unit}"] = (f"1/(1+EXP(-{unit}))", f"1/(1+EXP(-({found[unit][0]})))")
    for n in "12":
        found[f"e{n}"] = (f"0.5*(t{n}-ao{n})^2",)
    found["et"] = ("e1+e2", "0.5*(t1-ao1)^2+0.5*(t2-ao2)^2")
    found |= _outer() | _inner() | _updates()
    for b in BIASES.get(biases, ()):
        ways = (found[f"d_et_{unit}"] for unit in UNITS if bias_of(unit, biases) == b)
        found[f"d_et_{b}"] = tuple("+".join(parts) for parts in zip(*ways, strict=False))
        found[b] = (f"prev.{b}-etab*prev.d_et_{b}",)
    return found


def _outer() -> dict[str, tuple[str, ...]]:
    """Derivatives around the output units."""
    found: dict[str, tuple[str, ...]] = {}
    for n in "12":
        o, slope = f"o{n}", f"(ao{n}-t{n})*ao{n}*(1-ao{n})"
        found[f"d_ao{n}_o{n}"] = (f"ao{n}*(1-ao{n})",)
        for e in (f"e{n}", "et"):
            found[f"d_{e}_ao{n}"] = (f"ao{n}-t{n}",)
            found[f"d_{e}_o{n}"] = (slope, f"d_{e}_ao{n}*ao{n}*(1-ao{n})")
        for w, x in SUMS[o]:
            found[f"d_o{n}_{w}"] = (x,)
            found[f"d_o{n}_{x}"] = (w,)
            found[f"d_ao{n}_{w}"] = (f"ao{n}*(1-ao{n})*{x}",)
            found[f"d_ao{n}_{x}"] = (f"ao{n}*(1-ao{n})*{w}",)
            found[f"d_e{n}_{x}"] = (f"{slope}*{w}", f"d_e{n}_o{n}*{w}", f"d_et_o{n}*{w}")
            for e in (f"e{n}", "et"):
                found[f"d_{e}_{w}"] = (f"{slope}*{x}", f"d_{e}_o{n}*{x}", f"m_o{n}*{x}*-1")
    return found


def _inner() -> dict[str, tuple[str, ...]]:
    """Derivatives around the hidden units."""
    found: dict[str, tuple[str, ...]] = {}
    for n, (first, second) in {"1": ("w5", "w7"), "2": ("w6", "w8")}.items():
        one, two = f"(ao1-t1)*ao1*(1-ao1)*{first}", f"(ao2-t2)*ao2*(1-ao2)*{second}"
        back = {
            "e1": (one, f"d_e1_ah{n}", f"d_et_o1*{first}"),
            "e2": (two, f"d_e2_ah{n}", f"d_et_o2*{second}"),
            "et": (
                f"({one}+{two})", f"d_et_ah{n}", f"(d_e1_ah{n}+d_e2_ah{n})",
                f"(d_et_o1*{first}+d_et_o2*{second})",
            ),
        }  # fmt: skip
        found[f"d_ah{n}_h{n}"] = (f"ah{n}*(1-ah{n})",)
        found[f"d_et_ah{n}"] = (back["et"][0], *back["et"][2:])
        for e, ways in back.items():
            found[f"d_{e}_h{n}"] = tuple(f"{way}*ah{n}*(1-ah{n})" for way in ways)
            for w, x in SUMS[f"h{n}"]:
                whole = (f"{way}*ah{n}*(1-ah{n})*{x}" for way in ways)
                found[f"d_{e}_{w}"] = (*whole, f"d_{e}_h{n}*{x}")
        for w, x in SUMS[f"h{n}"]:
            found[f"d_h{n}_{w}"] = (x,)
            found[f"d_h{n}_{x}"] = (w,)
            found[f"d_ah{n}_{w}"] = (f"ah{n}*(1-ah{n})*{x}",)
    return found


def _updates() -> dict[str, tuple[str, ...]]:
    """New weights, changes, and derivatives with the other sign."""
    found: dict[str, tuple[str, ...]] = {}
    for n, w in enumerate(WEIGHTS, 1):
        gradient = f"d_et_{w}"
        found[w] = (
            f"prev.{w}-eta*prev.{gradient}",
            f"prev.n{n}",
            f"prev.{w}+prev.c{n}",
            f"prev.{w}-prev.k{n}",
        )
        found[f"n{n}"] = (f"{w}-eta*{gradient}", f"{w}+c{n}", f"{w}-k{n}")
        found[f"c{n}"], found[f"k{n}"] = (f"-eta*{gradient}",), (f"eta*{gradient}",)
    for unit in ("o1", "o2", "h1", "h2", "ao1", "ao2", "ah1", "ah2"):
        found[f"m_{unit}"] = (f"-d_et_{unit}",)
    return found


@lru_cache
def definitions(biases: str = "") -> dict[str, tuple[Tree, ...]]:
    """Return every role's right formulas; all give the same where all that they name is right.

    `biases` is "layer", "unit" or "" for none, as in `BIASES`.
    """
    return {role: tuple(map(parse, texts)) for role, texts in _texts(biases).items()}


Known = Mapping[str, Any]


class State:
    """The value of every role in all rows: as `known`, else as the definitions make it of those.

    Arrays are float64 of any shape whose last axis is the rows, or scalars for constants.
    """

    def __init__(self, known: Known, biases: str = "") -> None:
        self.definitions = definitions(biases)
        self._values: dict[str, Any] = dict(known)

    def __getitem__(self, symbol: str) -> Any:
        """Return the values of a role, in its row or another; KeyError if nothing has them."""
        if symbol not in self._values:
            self._values[symbol] = self._made(symbol)
        return self._values[symbol]

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._values

    def _made(self, symbol: str) -> Any:
        away, role = parted(symbol)
        if away:
            return shifted(self[role], away)
        return self.of(self.definitions[role][0])

    def of(self, tree: Tree) -> Any:
        """Return the values of a formula of roles."""

        def look(leaf: Any) -> Any:
            return self[leaf.name]

        with np.errstate(all="ignore"):
            return evaluate(tree, look)


ROWS_AWAY = {"prev": -1, "next": 1, "": 0, "first": "first"}


def parted(symbol: str) -> tuple[int | str, str]:
    """Return how many rows away a symbol's quantity is, or "first", and its role."""
    where, _, role = symbol.rpartition(".")
    return (ROWS_AWAY[where] if where in ROWS_AWAY else int(where)), role  # type: ignore[return-value]


def symbol_of(role: str, away: int) -> str:
    """Return the symbol of a role some rows away."""
    return {0: "", -1: "prev.", 1: "next."}.get(away, f"{away}.") + role


def shifted(values: Any, rows: int | str) -> Any:
    """Return what stands `rows` further down in each row, NaN beyond the ends; or in the first."""
    if np.ndim(values) == 0:
        return values
    moved = np.full_like(values, np.nan)
    if isinstance(rows, str):
        moved[...] = values[..., :1]
    elif abs(rows) < values.shape[-1]:
        if rows < 0:
            moved[..., -rows:] = values[..., :rows]
        else:
            moved[..., : values.shape[-1] - rows] = values[..., rows:]
    return moved


def trajectory(
    constants: Known, rows: int, samples: int, seed: int, biases: str = "", moving: bool = False
) -> State:
    """Return states of right rows that follow each other, from random weights.

    Arrays have shape (samples, rows). A formula is right if it is right here, whichever of the
    many ways to write it the student chose. Biases are random and updated too if `moving`.
    """
    draw = np.random.default_rng(seed)
    names = WEIGHTS + (BIASES[biases] if moving else ())
    held = draw.uniform(-1.5, 1.5, (len(names), samples))
    rates = np.array([[constants["etab" if name[0] == "b" else "eta"]] for name in names])
    steps: list[dict[str, Any]] = []
    for _ in range(rows):
        now = dict(zip(names, held, strict=True))
        steps.append(now)
        state = State({**constants, **now}, biases)
        held = held - rates * np.array([state[f"d_et_{name}"] for name in names])
    columns = {name: np.stack([step[name] for step in steps], axis=-1) for name in names}
    return State({**constants, **columns}, biases)
