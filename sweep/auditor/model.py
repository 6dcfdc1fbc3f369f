"""The exercise itself: what every quantity is, as formulas, and their values for all rows at once.

    h1 = w1 i1 + w2 i2, h2 = w3 i1 + w4 i2, o1 = w5 ah1 + w6 ah2, o2 = w7 ah1 + w8 ah2
    a = 1 / (1 + e^-x), e = (t - ao)^2 / 2, et = e1 + e2, w <- w - eta d(et)/d(w)

The definitions are read by the same parser as a student's formulas; `prev.w1` is the row above's.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sweep.auditor.formulas import Tree, evaluate, parse
from sweep.auditor.roles import WEIGHTS

SUMS = {
    "h1": (("w1", "i1"), ("w2", "i2")),
    "h2": (("w3", "i1"), ("w4", "i2")),
    "o1": (("w5", "ah1"), ("w6", "ah2")),
    "o2": (("w7", "ah1"), ("w8", "ah2")),
}
"""The network: each sum's weights and what they multiply."""


def _definitions() -> dict[str, tuple[str, ...]]:
    """Return each role's right formulas; the first is the course's."""
    found: dict[str, tuple[str, ...]] = {}
    for unit, terms in SUMS.items():
        found[unit] = ("+".join(f"{w}*{x}" for w, x in terms),)
        found[f"a{unit}"] = (f"1/(1+EXP(-{unit}))", f"1/(1+EXP(-({found[unit][0]})))")
    for n in "12":
        found[f"e{n}"] = (f"0.5*(t{n}-ao{n})^2",)
    found["et"] = ("e1+e2", "0.5*(t1-ao1)^2+0.5*(t2-ao2)^2")
    return found | _outer() | _inner() | _updates()


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


DEFINITIONS: dict[str, tuple[Tree, ...]] = {
    role: tuple(map(parse, texts)) for role, texts in _definitions().items()
}
"""Every role's right formulas; all give the same where all that they name is right."""

Known = Mapping[str, Any]


class State:
    """The value of every role in all rows: as `known`, else as the definitions make it of those.

    Arrays are float64 of any shape whose last axis is the rows, or scalars for constants.
    """

    def __init__(self, known: Known) -> None:
        self._values: dict[str, Any] = dict(known)

    def __getitem__(self, symbol: str) -> Any:
        """Return the values of a role; `prev.` and `next.` mean the neighbouring row's."""
        if symbol not in self._values:
            self._values[symbol] = self._made(symbol)
        return self._values[symbol]

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._values

    def _made(self, symbol: str) -> Any:
        where, _, role = symbol.rpartition(".")
        if where:
            return shifted(self[role], -1 if where == "prev" else 1)
        with np.errstate(all="ignore"):
            return self.of(DEFINITIONS[role][0])

    def of(self, tree: Tree) -> Any:
        """Return the values of a formula of roles; NaN for a role that nothing defines."""

        def look(leaf: Any) -> Any:
            return self[leaf.name]

        with np.errstate(all="ignore"):
            return evaluate(tree, look)


def shifted(values: Any, rows: int) -> Any:
    """Return what stands `rows` further down in each row; NaN beyond the ends."""
    if np.ndim(values) == 0:
        return values
    moved = np.full_like(values, np.nan)
    if rows < 0:
        moved[..., -rows:] = values[..., :rows]
    else:
        moved[..., :-rows] = values[..., rows:]
    return moved


def trajectory(constants: Known, rows: int, samples: int, seed: int) -> State:
    """Return states of right rows that follow each other, from random weights.

    Arrays have shape (samples, rows). A formula is right if it is right here, whichever of the
    many ways to write it the student chose.
    """
    draw = np.random.default_rng(seed)
    weights = draw.uniform(-1.5, 1.5, (8, samples))
    steps: list[dict[str, Any]] = []
    for _ in range(rows):
        now = dict(zip(WEIGHTS, weights, strict=True))
        steps.append(now)
        state = State({**constants, **now})
        rate = np.asarray(constants["eta"])
        weights = weights - rate * np.array([state[f"d_et_{w}"] for w in WEIGHTS])
    columns = {w: np.stack([step[w] for step in steps], axis=-1) for w in WEIGHTS}
    return State({**constants, **columns})
