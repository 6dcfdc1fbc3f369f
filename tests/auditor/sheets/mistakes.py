"""Mistakes as students make them, put into the right formulas by replacing text."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Formulas = dict[str, str]


@dataclass
class Injected:
    """One mistake: what an auditor should call it, its columns, and what they hold instead."""

    names: tuple[str, ...]
    columns: tuple[str, ...]
    formulas: Formulas = field(default_factory=dict)
    rows: tuple[int, int] = (0, 1 << 30)
    constant: float | str | None = None  # "first": the value of the first row
    headings: tuple[str, ...] = ()


Draw = np.random.Generator
Context = dict[str, Any]
Maker = Callable[[Draw, Formulas, Context], Injected | None]


def pick(draw: np.random.Generator, names: list[str]) -> str:
    return names[int(draw.integers(len(names)))]


def replaced(
    draw: np.random.Generator,
    right: Formulas,
    roles: str,
    changes: list[tuple[str, str]],
    names: tuple[str, ...],
    count: int = 0,
) -> Injected | None:
    """One of the `roles` with one of the `changes` (patterns), wherever one of them changes it."""
    possible = [
        (role, new)
        for role in roles.split()
        if role in right
        for old, by in changes
        if (new := re.sub(old, by, right[role], count=count)) != right[role]
    ]
    if not possible:
        return None
    role, new = possible[int(draw.integers(len(possible)))]
    return Injected(names, (role,), {role: new})


GRADIENTS = " ".join(f"g{n}" for n in range(1, 9))
INNER = "g1 g2 g3 g4 eth1 eth2 e1h1 e2h1 e1h2 e2h2 dh1 dh2"


def h_for_ah(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    changes = [(r"\[ah1\]", "[h1]"), (r"\[ah2\]", "[h2]")]
    if not right.get("_h", True):
        return None
    return replaced(
        draw, right, f"o1 o2 ao1 ao2 {GRADIENTS} dh1 dh2", changes, ("h in place of a_h",)
    )


def wrong_hidden(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    changes = [(r"\[ah1\]", "[ah2]"), (r"\[ah2\]", "[ah1]")]
    roles = f"{GRADIENTS} o1 o2 ao1 ao2 dh1 dh2"
    return replaced(draw, right, roles, changes, ("the other unit's value",))


def wrong_output(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    changes = [(r"\[ao1\]", "[ao2]"), (r"\[ao2\]", "[ao1]")]
    return replaced(draw, right, "e1 e2 g5 g6 g7 g8 do1 do2", changes, ("the other unit's value",))


def o_for_ao(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    changes = [(r"\[ao1\]", "[o1]"), (r"\[ao2\]", "[o2]")]
    if not right.get("_h", True):
        return None
    return replaced(draw, right, f"e1 e2 {GRADIENTS} do1 do2", changes, ("o in place of a_o",))


def swapped(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    changes = [
        (rf"\[w{a}\](.*)\[w{b}\]", rf"[w{b}]\1[w{a}]")
        for a, b in ((1, 2), (3, 4), (5, 6), (7, 8), (5, 7), (6, 8))
    ]
    roles = "h1 h2 o1 o2 ah1 ah2 ao1 ao2 eth1 eth2 dh1 dh2 g1 g2 g3 g4"
    return replaced(draw, right, roles, changes, ("weights swapped",))


def wrong_weight(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    changes = [
        (rf"\[w{a}\]", f"[w{b}]")
        for a, b in ((1, 3), (2, 4), (3, 1), (4, 2), (5, 6), (6, 5), (7, 8), (8, 7), (5, 7), (6, 8))
    ]
    return replaced(draw, right, f"h1 h2 o1 o2 {INNER}", changes, ("another weight",))


def sign(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    changes = [
        (r"(\[t\d\])-(\[ao\d\])", r"\1+\2"),
        (r"1-", "1+"),
        (r"EXP\(-(1\*)?", r"EXP(\1"),
        (r"(\[-1:w\d\])-", r"\1+"),
        (r"(\[w\d\])-\[eta\]", r"\1+[eta]"),
        (r"(\]\*\[i1\])\+", r"\1-"),
        (r"(\]\*\[ah1\])\+", r"\1-"),
        (r"\((\[ao\d\])-(\[t\d\])\)", r"(\2-\1)"),
        (r"^-", ""),
    ]
    roles = f"h1 h2 ah1 ah2 o1 o2 ao1 ao2 e1 e2 {GRADIENTS} w1 w3 w6 w8 n2 n5 do1 do2 dh1 dh2"
    return replaced(draw, right, roles, changes, ("a sign",), count=1)


def missing_term(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    changes = [
        (r"\+\[w\d\]\*\[\w+\]", ""),
        (r"^\[w\d\]\*\[\w+\]\+", ""),
        (r"^\[e1\]\+\[e2\]$", "[e1]"),
        (r"^\[e1\]\+\[e2\]$", "[e2]"),
        (r"SUM\(\[e1\],\[e2\]\)", "SUM([e1])"),
        (r"\[e1h(\d)\]\+\[e2h\d\]", r"[e1h\1]"),
    ]
    return replaced(
        draw, right, "h1 h2 o1 o2 et eth1 eth2 ah1 ah2 ao1 ao2", changes, ("a missing term",)
    )


def half_sum(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    """The hidden gradient through one of the two outputs only."""
    for role in draw.permutation(["g1", "g2", "g3", "g4", "dh1", "dh2"]):
        n = "1" if role in ("g1", "g2", "dh1") else "2"
        both = f"({right[f'e1h{n}']}+{right[f'e2h{n}']})"
        if role in right and both in right[role]:
            kept = right[pick(draw, [f"e1h{n}", f"e2h{n}"])]
            return Injected(
                ("a missing term",),
                (str(role),),
                {str(role): right[role].replace(both, f"({kept})")},
            )
    return None


def missing_factor(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    changes = [
        (r"\*\(1-\[a\w\d\]\)", ""),
        (r"^\(1-(\[\w+\])\)\*", ""),
        (r"\[ah\d\]\*\(1-\[ah\d\]\)\*", ""),
        (r"\*\[i\d\]$", ""),
        (r"\*\[ah\d\]$", ""),
    ]
    return replaced(
        draw, right, f"{GRADIENTS} do1 do2 dh1 dh2", changes, ("a missing factor",), count=1
    )


def no_half(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    changes = [(r"^0\.5\*", ""), (r"^1/2\*", ""), (r"/2$", "")]
    return replaced(draw, right, "e1 e2", changes, ("a missing 1/2",))


def not_squared(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    changes = [(r"\^2", ""), (r"POWER\(([^,]*),2\)", r"(\1)")]
    return replaced(draw, right, "e1 e2", changes, ("a missing square",))


def other_gradient(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    a, b = draw.choice(np.arange(1, 9), 2, replace=False)
    role = f"n{a}" if "n1" in right.get("_columns", "") else f"w{a}"
    return Injected(
        ("another weight's gradient",), (role,), {role: right[role].replace(f"g{a}]", f"g{b}]")}
    )


def updated_weights(draw: Draw, right: Formulas, context: Context) -> Injected | None:
    """The inner gradients with outer weights that were already updated."""
    new = "n" if context["new"] else "+1:w"
    roles = [
        r
        for r in ("g1", "g2", "g3", "g4", "e1h1", "e2h2", "dh1", "dh2")
        if r in context["columns"] and re.search(r"\[w[5-8]\]", right[r])
    ]
    if not roles:
        return None
    role = pick(draw, roles)
    changed = re.sub(r"\[w([5-8])\]", rf"[{new}\1]", right[role])
    return Injected(("already updated weights",), (role,), {role: changed})


def wrong_rate(draw: Draw, right: Formulas, context: Context) -> Injected | None:
    """One update, or all, with the rate taken from the wrong cell."""
    wrong = pick(draw, ["t1", "i1", "i2", "t2"])
    letter = "n" if context["new"] else "w"
    roles = [
        f"{letter}{n}" for n in (range(1, 9) if draw.random() < 0.3 else [draw.integers(1, 9)])
    ]
    return Injected(
        ("the rate from the wrong cell",),
        tuple(roles),
        {role: right[role].replace("[eta]", f"[{wrong}]") for role in roles},
    )


def pasted(draw: Draw, right: Formulas, context: Context) -> Injected | None:
    """A number over a formula, in one row or in a few."""
    columns = [r for r in context["columns"] if r in right and r[0] not in "it"]
    start = int(draw.integers(1, context["rows"] - 6))
    length = int(draw.choice([1, 1, 3]))
    role = pick(draw, columns)
    value = float(np.round(draw.normal(0.3, 0.1), int(draw.integers(2, 8))))
    return Injected(
        ("a constant over the formula",), (role,), rows=(start, start + length), constant=value
    )


def not_copied(draw: Draw, right: Formulas, context: Context) -> Injected | None:
    """The first formula's value in all rows below, too."""
    columns = [r for r in context["columns"] if r in right and r[0] not in "wnit"]
    return Injected(
        ("the first row's formula not copied down",),
        (pick(draw, columns),),
        rows=(1, 1 << 30),
        constant="first",
    )


def pinned(draw: Draw, right: Formulas, context: Context) -> Injected | None:
    """A reference pinned to the first row with dollar signs."""
    columns = [
        r for r in context["columns"] if r in right and r[0] not in "wnit" and "[a" in right[r]
    ]
    role = pick(draw, columns)
    changed = re.sub(r"\[(a\w\d)\]", r"[$\1]", right[role])
    return Injected(
        ("pinned to the first row", "the first row's formula not copied down"),
        (role,),
        {role: changed},
    )


def row_off(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    """A row taken for its neighbour."""
    changes = [(r"\[(ah1|ah2|ao1|ao2|o1|o2|h1|h2)\]", r"[-1:\1]")]
    roles = f"o1 o2 e1 e2 ao1 ah2 {GRADIENTS}"
    made = replaced(draw, right, roles, changes, ("a row off",))
    if made:
        made.rows = (1, 1 << 30)
    return made


def swapped_inputs(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    changes = [(r"\[i1\](.*)\[i2\]", r"[i2]\1[i1]")]
    made = replaced(
        draw, right, "h1 h2 ah1 ah2", changes, ("the other input or target", "weights swapped")
    )
    return made or replaced(
        draw, right, "g1 g2 g3 g4", [(r"\[i1\]$", "[i2]")], ("the other input or target",)
    )


def other_target(draw: Draw, right: Formulas, _: Context) -> Injected | None:
    changes = [(r"\[t1\]", "[t2]"), (r"\[t2\]", "[t1]")]
    return replaced(draw, right, "e1 e2 g5 g6 g7 g8 do1", changes, ("the other input or target",))


MAKERS: tuple[Maker, ...] = (
    h_for_ah,
    wrong_hidden,
    wrong_output,
    o_for_ao,
    swapped,
    wrong_weight,
    sign,
    missing_term,
    half_sum,
    missing_factor,
    no_half,
    not_squared,
    other_gradient,
    updated_weights,
    wrong_rate,
    pasted,
    not_copied,
    pinned,
    row_off,
    swapped_inputs,
    other_target,
)
