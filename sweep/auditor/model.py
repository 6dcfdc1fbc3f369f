"""The exercise itself: what every quantity is, as formulas, and their values for all rows at once.

    h1 = w1 i1 + w2 i2, h2 = w3 i1 + w4 i2, o1 = w5 ah1 + w6 ah2, o2 = w7 ah1 + w8 ah2
    a = 1 / (1 + e^-x), e = (t - ao)^2 / 2, et = e1 + e2, w <- w - eta d(et)/d(w)

With biases, one a layer (b1, b2) or one a unit (bh1, bh2, bo1, bo2), each sum has its own added.
The definitions are read by the same parser as a student's formulas; `prev.w1` is the row above's,
`3.w1` that of three rows below, `first.w1` that of the first row.
"""

from collections.abc import Iterator, Mapping
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

FORWARD = """
    a{unit} = 1/(1+EXP(-{unit})) | 1/(1+EXP(-({sum})))
    d_a{unit}_{unit} = a{unit}*(1-a{unit})
    m_{unit} = -d_et_{unit}
    m_a{unit} = -d_et_a{unit}
"""
EACH_TERM = """
    d_{unit}_{w} = {x}
    d_{unit}_{x} = {w}
    d_a{unit}_{w} = a{unit}*(1-a{unit})*{x}
"""
OUTPUT = """
    e{n} = 0.5*(t{n}-ao{n})^2
    d_e{n}_ao{n} d_et_ao{n} = ao{n}-t{n}
    d_e{n}_o{n} d_et_o{n} = {slope} | d_et_ao{n}*ao{n}*(1-ao{n}) | d_e{n}_ao{n}*ao{n}*(1-ao{n})
"""
EACH_OUTPUT_TERM = """
    d_ao{n}_{x} = ao{n}*(1-ao{n})*{w}
    d_e{n}_{x} = {slope}*{w} | d_e{n}_o{n}*{w} | d_et_o{n}*{w}
    d_e{n}_{w} d_et_{w} = {slope}*{x} | d_e{n}_o{n}*{x} | d_et_o{n}*{x} | m_o{n}*{x}*-1
"""
BACK = {
    "e1": "{one} | d_e1_ah{n} | d_et_o1*{w}",
    "e2": "{two} | d_e2_ah{n} | d_et_o2*{v}",
    "et": "({one}+{two}) | d_et_ah{n} | (d_e1_ah{n}+d_e2_ah{n}) | (d_et_o1*{w}+d_et_o2*{v})",
}
"""What comes back to a hidden unit from one output or from both."""

TABLES = {"h": (FORWARD, EACH_TERM), "o": (FORWARD + OUTPUT, EACH_TERM + EACH_OUTPUT_TERM)}
TOTAL = "et = e1+e2 | 0.5*(t1-ao1)^2+0.5*(t2-ao2)^2"
UPDATE = """
    w{n} = prev.w{n}-eta*prev.d_et_w{n} | prev.n{n} | prev.w{n}+prev.c{n} | prev.w{n}-prev.k{n}
    n{n} = w{n}-eta*d_et_w{n} | w{n}+c{n} | w{n}-k{n}
    c{n} = -eta*d_et_w{n}
    k{n} = eta*d_et_w{n}
"""


def bias_of(unit: str, biases: str) -> str:
    """Return the bias that is added to a sum, "" if there is none."""
    if biases == "layer":
        return "b1" if unit[0] == "h" else "b2"
    return f"b{unit}" if biases else ""


def _written(table: str, **names: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the roles of a table's lines with their formulas."""
    for line in filter(None, map(str.strip, table.splitlines())):
        roles, _, ways = line.format(**names).partition(" = ")
        for role in roles.split():
            yield role, tuple(way.strip() for way in ways.split("|"))


def _texts(biases: str) -> dict[str, tuple[str, ...]]:
    """Return each role's right formulas; the first is the course's."""
    found = dict(_written(TOTAL))
    for unit, terms in SUMS.items():
        n, added = unit[1], [f"{w}*{x}" for w, x in terms]
        found[unit] = ("+".join(added + [bias_of(unit, biases)] * bool(biases)),)
        known = {
            "n": n,
            "unit": unit,
            "sum": found[unit][0],
            "slope": f"(ao{n}-t{n})*ao{n}*(1-ao{n})",
        }
        of_unit, of_term = TABLES[unit[0]]
        found |= _written(of_unit, **known)
        for w, x in terms:
            found |= _written(of_term, w=w, x=x, **known)
    one, two = found["d_et_o1"][0], found["d_et_o2"][0]
    for n, w, v in (("1", "w5", "w7"), ("2", "w6", "w8")):
        for e, text in BACK.items():
            named = text.format(n=n, w=w, v=v, one=f"{one}*{w}", two=f"{two}*{v}")
            ways = [way.strip() for way in named.split("|")]
            found[f"d_{e}_h{n}"] = tuple(f"{way}*ah{n}*(1-ah{n})" for way in ways)
            if e == "et":
                found[f"d_et_ah{n}"] = (ways[0], *ways[2:])
            for weight, x in SUMS[f"h{n}"]:
                whole = [f"{way}*{x}" for way in found[f"d_{e}_h{n}"]]
                found[f"d_{e}_{weight}"] = (*whole, f"d_{e}_h{n}*{x}")
    for weight in WEIGHTS:
        found |= _written(UPDATE, n=weight[1])
    for b in BIASES.get(biases, ()):
        slopes = (found[f"d_et_{unit}"] for unit in SUMS if bias_of(unit, biases) == b)
        found[f"d_et_{b}"] = tuple("+".join(parts) for parts in zip(*slopes, strict=False))
        found[b] = (f"prev.{b}-etab*prev.d_et_{b}",)
    return found


@lru_cache
def definitions(biases: str = "") -> dict[str, tuple[Tree, ...]]:
    """Return every role's right formulas; all give the same where all that they name is right.

    `biases` is "layer", "unit" or "" for none, as in `BIASES`.
    """
    return {role: tuple(map(parse, texts)) for role, texts in _texts(biases).items()}


class State(dict[str, Any]):
    """The value of every role in all rows: as given, else as the definitions make it of those.

    Arrays are float64 of any shape whose last axis is the rows, or scalars for constants. What is
    more than `farthest` rows away is taken from as far as that. What nothing defines is a KeyError.
    """

    def __init__(self, given: Mapping[str, Any], biases: str = "", farthest: int = 1 << 30) -> None:
        super().__init__(given)
        self.definitions, self.farthest = definitions(biases), farthest

    def __missing__(self, symbol: str) -> Any:
        away, role = parted(symbol)
        if away:
            self[symbol] = shifted(self[role], away, self.farthest)
        else:
            self[symbol] = self.of(self.definitions[role][0])
        return self[symbol]

    def of(self, tree: Tree) -> Any:
        """Return the values of a formula of roles."""
        with np.errstate(all="ignore"):
            return evaluate(tree, lambda leaf: self[leaf.name])


ROWS_AWAY = {"prev": -1, "next": 1, "": 0, "first": "first"}


def parted(symbol: str) -> tuple[int | str, str]:
    """Return how many rows away a symbol's quantity is, or "first", and its role."""
    where, _, role = symbol.rpartition(".")
    return (ROWS_AWAY[where] if where in ROWS_AWAY else int(where)), role  # type: ignore[return-value]


def symbol_of(role: str, away: int) -> str:
    """Return the symbol of a role some rows away."""
    return {0: "", -1: "prev.", 1: "next."}.get(away, f"{away}.") + role


def shifted(values: Any, rows: int | str, farthest: int) -> Any:
    """Return what stands `rows` further down in each row, NaN beyond the ends; or in the first."""
    if np.ndim(values) == 0:
        return values
    here = np.arange(values.shape[-1])
    there = 0 * here if isinstance(rows, str) else here + max(-farthest, min(farthest, rows))
    inside = (there >= 0) & (there < len(here))
    return np.where(inside, values[..., there * inside], np.nan)


def trajectory(
    constants: Mapping[str, Any],
    rows: int,
    samples: int,
    seed: int,
    biases: str = "",
    moving: bool = False,
) -> State:
    """Return states of right rows that follow each other, from random weights.

    Arrays have shape (samples, rows), and half of the rows is as far as another row is known. A
    formula is right if it is right here, whichever of the many ways to write it the student chose.
    Biases are random and updated too if `moving`.
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
    return State({**constants, **columns}, biases, rows // 2)
