"""The exercise as students type it: formulas of quantities, and their values in plain Python.

Quantities: i1 i2 t1 t2 eta w1..w8, h1 h2 and their sigmoids a1 a2, o1 o2 and y1 y2, e1 e2 et, the
gradients g1..g8, the biases b1 b2 (one a layer) or bh1 bh2 bo1 bo2 with gradients gb1..., and
what people put between: deltas, slopes, new weights n1..n8, changes c1..c8. A quantity is a word of
a formula; `last_w1` is that of the row before, `row3_h1` that of three rows below, `first_w5` the
first row's with a `$`, `slid_eta` what a reference without its `$` meets.
"""

import math
import random
import re
from collections.abc import Callable

WEIGHTS = dict(
    zip([f"w{n}" for n in range(1, 9)], (0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55), strict=True)
)
INPUTS = {"i1": 0.05, "i2": 0.1, "t1": 0.01, "t2": 0.99}
WORD = re.compile(r"\b(?:(last|next|first|slid|row3|far)_)?([a-z]+\d?)\b")

SIGMOIDS = (
    "1/(1+EXP(-x))", "1/(1+EXP(-x))", "1/(1+EXP(-1*x))", "(1+EXP(-x))^-1", "EXP(x)/(1+EXP(x))",
    "1/(1+EXP(0-x))", "1/(EXP(-x)+1)", "1/(1+1/EXP(x))", "(1)/((1)+(EXP(-(x))))",
)  # fmt: skip
ERRORS = (
    "0.5*(t-y)^2", "0.5*(t-y)^2", "1/2*(t-y)^2", "(t-y)^2/2", "(1/2)*((t-y)^2)", "0.5*POWER(t-y,2)",
    "0.5*POW(t-y,2)", "0.5*(y-t)^2", "(t-y)*(t-y)*0.5", "0.5*POWER((t-y),2)", "0.5*ABS(t-y)^2",
    "1/2*(t-y)*(t-y)", "0.5*(t^2-2*t*y+y^2)",
)  # fmt: skip
SUMS = ("w*x+v*z", "w*x+v*z", "(w*x)+(v*z)", "x*w+z*v", "SUM(w*x,v*z)")
DIFFERENCES = ("(y-t)", "(y-t)", "-(t-y)", "-1*(t-y)", "((y)-(t))")
SLOPES = ("a*(1-a)", "a*(1-a)", "(a*(1-a))", "(1-a)*a", "(a-a^2)")


def put(text: str, **by: str) -> str:
    """A template with its letters replaced, whole words only."""
    return re.sub(r"\b[a-z]+\b", lambda m: by.get(m[0], m[0]), text)


def formulas(draw: random.Random, kind: str, update: str, biases: str) -> dict[str, str]:
    """All quantities' right formulas in one student's way of writing."""
    sigmoid, error, total, difference, slope = map(
        draw.choice, (SIGMOIDS, ERRORS, SUMS, DIFFERENCES, SLOPES)
    )
    found: dict[str, str] = {}
    bias = {"h1": "", "h2": "", "o1": "", "o2": ""}
    if biases.startswith("layer"):
        bias = {"h1": "+b1", "h2": "+b1", "o1": "+b2", "o2": "+b2"}
    elif biases:
        bias = {unit: f"+b{unit}" for unit in bias}
    for n, (w, v) in {"1": ("w1", "w2"), "2": ("w3", "w4")}.items():
        found[f"h{n}"] = put(total, w=w, x="i1", v=v, z="i2") + bias[f"h{n}"]
        found[f"a{n}"] = put(sigmoid, x=f"h{n}")
    for n, (w, v) in {"1": ("w5", "w6"), "2": ("w7", "w8")}.items():
        found[f"o{n}"] = put(total, w=w, x="a1", v=v, z="a2") + bias[f"o{n}"]
        found[f"y{n}"] = put(sigmoid, x=f"o{n}")
        found[f"e{n}"] = put(error, t=f"t{n}", y=f"y{n}")
    found["et"] = draw.choice(("e1+e2", "SUM(e1,e2)", "e2+e1"))
    found |= _gradients(kind, difference, slope)
    for n in "12":
        found[f"gbh{n}"] = found[f"g{1 if n == '1' else 3}"] + "/i1"
        found[f"gbo{n}"] = f"{put(difference, y=f'y{n}', t=f't{n}')}*y{n}*(1-y{n})"
    found["gb2"] = "(y1-t1)*y1*(1-y1)+(y2-t2)*y2*(1-y2)"
    found["gb1"] = " + ".join(
        f"((y1-t1)*y1*(1-y1)*w{a}+(y2-t2)*y2*(1-y2)*w{b})*a{n}*(1-a{n})"
        for n, a, b in (("1", 5, 7), ("2", 6, 8))
    ).replace(" ", "")
    for n in range(1, 9):
        found[f"n{n}"] = f"w{n}-eta*g{n}"
        found[f"c{n}"] = f"-eta*g{n}"
        found[f"w{n}"] = {
            "row": f"last_w{n}-eta*last_g{n}",
            "new": f"last_n{n}",
            "change": f"last_w{n}+last_c{n}",
        }[update]
    for b in ("b1", "b2", "bh1", "bh2", "bo1", "bo2"):
        found[b] = f"last_{b}-eta*last_g{b}"
    return found


def _gradients(kind: str, difference: str, slope: str) -> dict[str, str]:
    """The derivatives: written out, by the chain rule's factors, or by deltas, a column each."""
    found: dict[str, str] = {}
    away = {n: put(difference, y=f"y{n}", t=f"t{n}") for n in "12"}
    steep = {u: put(slope, a=u) for u in ("a1", "a2", "y1", "y2")}
    for n in "12":
        found[f"away{n}"] = away[n]
        found[f"sy{n}"], found[f"sa{n}"] = steep[f"y{n}"], steep[f"a{n}"]
    if kind == "chain":
        away = {n: f"away{n}" for n in "12"}
        steep = {"y1": "sy1", "y2": "sy2", "a1": "sa1", "a2": "sa2"}
    delta = {n: f"{away[n]}*{steep[f'y{n}']}" for n in "12"}
    found["do1"], found["do2"] = delta["1"], delta["2"]
    if kind == "delta":
        delta = {"1": "do1", "2": "do2"}
    back = {
        "1": f"({delta['1']}*w5+{delta['2']}*w7)",
        "2": f"({delta['1']}*w6+{delta['2']}*w8)",
    }
    found["back1"], found["back2"] = back["1"], back["2"]
    if kind == "chain":
        back = {"1": "back1", "2": "back2"}
    found["dh1"], found["dh2"] = (f"{back[n]}*{steep[f'a{n}']}" for n in "12")
    inner = {n: found[f"dh{n}"] for n in "12"}
    if kind == "delta":
        inner = {"1": "dh1", "2": "dh2"}
    for n, (unit, x) in enumerate((("1", "i1"), ("1", "i2"), ("2", "i1"), ("2", "i2")), 1):
        found[f"g{n}"] = f"{inner[unit]}*{x}"
    for n, (unit, x) in enumerate((("1", "a1"), ("1", "a2"), ("2", "a1"), ("2", "a2")), 5):
        found[f"g{n}"] = f"{delta[unit]}*{x}"
    return found


def number(text: str, look: Callable[[str, str], float]) -> float:
    """What a formula comes to, by Python's own arithmetic; `look` gives words their values."""
    code = re.sub(r"\bPOWER\(|\bPOW\(", "power(", text).replace("^", "**")
    names: dict[str, object] = {
        "EXP": math.exp, "power": math.pow, "SUM": lambda *x: math.fsum(x), "ABS": abs,
        "TANH": math.tanh,
        "ROUND": lambda x, k: round(x, int(k)), "SQRT": math.sqrt,
    }  # fmt: skip

    def named(match: re.Match[str]) -> str:
        word = match[0]
        if word in names:
            return word
        names[word] = look(match[1] or "", match[2])
        return word

    code = WORD.sub(named, _signs(code))
    try:
        return float(eval(code, {"__builtins__": {}}, names))
    except (OverflowError, ZeroDivisionError, ValueError, TypeError):
        return math.nan


def _signs(code: str) -> str:
    """Excel's sign binds tighter than its power, Python's does not; none is written so here."""
    assert not re.search(r"(?:^|[(*/+,])-\w+\*\*", code), code
    return code
