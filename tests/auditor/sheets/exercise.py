"""The exercise as spreadsheet formulas, and their values, from nothing but the course's text.

A formula is written once, with `[h1]` for this row's cell, `[-1:w1]` for that of the row above and
`[+1:w5]` for that of the row below; it is both written to a sheet and computed here.
"""

import math
import re
from collections.abc import Callable
from functools import lru_cache
from types import CodeType

REFERENCE = re.compile(r"\[([+-]\d+:|\$)?([a-z]\w*)\]")
WEIGHTS = {f"w{n}": v for n, v in enumerate((0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55), 1)}
CONSTANTS = {"i1": 0.05, "i2": 0.10, "t1": 0.01, "t2": 0.99}

SIGMOIDS = (
    "1/(1+EXP(-{0}))",
    "EXP({0})/(1+EXP({0}))",
    "1/(1+EXP(-1*{0}))",
    "POWER(1+EXP(-{0}),-1)",
    "(1+EXP(-{0}))^-1",
)
ERRORS = ("0.5*({0}-{1})^2", "1/2*({0}-{1})^2", "POWER({0}-{1},2)/2", "(({0}-{1})^2)/2")
SLOPES = (
    "({1}-{0})*{1}*(1-{1})",
    "-({0}-{1})*{1}*(1-{1})",
    "(1-{1})*{1}*({1}-{0})",
)


def formulas(style: int, kind: str) -> dict[str, str]:
    """Return every column's right formula, by role.

    `style` picks among spellings of the same mathematics; `kind` says which columns gradients
    are made from: "plain" (inputs and activations), "chain" (columns of the chain rule),
    "delta" (columns of the sums' derivatives), "lean" (no columns of sums).
    """
    sigmoid, error = SIGMOIDS[style % 5], ERRORS[style % 4]
    slope = SLOPES[style % 3]
    right = {
        "h1": "[w1]*[i1]+[w2]*[i2]",
        "h2": "[w3]*[i1]+[w4]*[i2]",
        "o1": "[w5]*[ah1]+[w6]*[ah2]",
        "o2": "[w7]*[ah1]+[w8]*[ah2]",
    }
    for unit in ("h1", "h2", "o1", "o2"):
        inner = f"({right[unit]})" if kind == "lean" else f"[{unit}]"
        right["a" + unit] = sigmoid.format(inner)
    for n in "12":
        right[f"e{n}"] = error.format(f"[t{n}]", f"[ao{n}]")
        right[f"do{n}"] = slope.format(f"[t{n}]", f"[ao{n}]")
    right["et"] = "[e1]+[e2]" if style % 2 else "SUM([e1],[e2])"
    if kind == "lean":
        right["et"] = f"{right['e1']}+{right['e2']}"
    to = {"1": ("w5", "w7"), "2": ("w6", "w8")}
    for n, (first, second) in to.items():
        d1, d2 = ("[do1]", "[do2]") if kind == "delta" else (right["do1"], right["do2"])
        right[f"e1h{n}"], right[f"e2h{n}"] = f"{d1}*[{first}]", f"{d2}*[{second}]"
        right[f"eth{n}"] = f"[e1h{n}]+[e2h{n}]"
        both = f"({right[f'e1h{n}']}+{right[f'e2h{n}']})"
        back = f"[eth{n}]" if kind == "chain" else both
        right[f"dh{n}"] = f"{back}*[ah{n}]*(1-[ah{n}])"
    for w, (unit, source) in enumerate(
        [("h1", "i1"), ("h1", "i2"), ("h2", "i1"), ("h2", "i2"),
         ("o1", "ah1"), ("o1", "ah2"), ("o2", "ah1"), ("o2", "ah2")], 1
    ):  # fmt: skip
        d = f"[d{unit}]" if kind == "delta" else right[f"d{unit}"]
        right[f"g{w}"] = f"{d}*[{source}]"
        right[f"w{w}"] = f"[-1:w{w}]-[eta]*[-1:g{w}]"
        right[f"n{w}"] = f"[w{w}]-[eta]*[g{w}]"
    return right


NAMES = {
    "EXP": math.exp,
    "POWER": math.pow,
    "SUM": lambda *terms: math.fsum(terms),
    "PRODUCT": lambda *factors: math.prod(factors),
}


@lru_cache(maxsize=4096)
def _compiled(formula: str) -> CodeType:
    def cell(match: re.Match[str]) -> str:
        where, role = match[1] or "+0:", match[2]
        at = "first" if where == "$" else f"step{where[:-1]}"
        return f"look({role!r}, {at})"

    text = REFERENCE.sub(cell, formula).replace("^", "**")
    return compile(re.sub(r"\*\*-(\d)", r"**(-\1)", text), formula, "eval")


def compute(formula: str, look: Callable[[str, int], float], step: int) -> float:
    """Return what a formula gives at a step; `look(role, step)` gives the cells' values."""
    try:
        own = {"__builtins__": {}, "look": look, "step": step, "first": 0} | NAMES
        return float(eval(_compiled(formula), own))  # our own text
    except OverflowError:
        return math.inf
