"""The mistakes that students make: what each turns a right formula into, and how it should be told.

A row says which quantities it may stand in, the pattern and its replacement, the names under
which an auditor may tell it (any of them, as parts of the line), and the rows it starts in.
"""

import random
import re
from dataclasses import dataclass

OUTER, INNER = "g5 g6 g7 g8", "g1 g2 g3 g4"
GRADIENTS = f"{INNER} {OUTER}"


@dataclass(frozen=True)
class Mistake:
    """One kind of mistake."""

    where: str
    changes: tuple[tuple[str, str], ...]
    told: tuple[str, ...]
    once: bool = False
    cells: str = "all"  # "one", "some", "rest": typed or spoilt cells in place of formulas
    content: str | float | None = None
    together: bool = False  # all the changes at once


@dataclass
class Made:
    """A mistake in one column: the formula or content, in which rows, and how it may be told."""

    name: str
    role: str
    told: tuple[str, ...]
    formula: str | None = None
    content: str | float | None = None
    rows: range = range(0)


M = Mistake
A_FOR = ((r"\ba1\b", "h1"), (r"\ba2\b", "h2"))
MISTAKES: dict[str, Mistake] = {
    "h for a_h in o": M("o1 o2", A_FOR, ("h in place of a_h",)),
    "h for a_h in dE/dw": M(f"{OUTER} sa1 sa2 {INNER} dh1 dh2", A_FOR, ("h in place of a_h",)),
    "o for a_o in E": M("e1 e2", ((r"\by(\d)", r"o\1"),), ("o in place of a_o",)),
    "o for a_o in dE": M(
        f"{GRADIENTS} sy1 away1 do1", ((r"\by([12])\b", r"o\1"),), ("o in place of a_o",)
    ),
    "one o for a_o": M(
        f"{GRADIENTS} do2", ((r"\by([12])\b", r"o\1"),), ("o in place of a_o",), once=True
    ),
    "weights swapped": M(
        "h1 h2 o1 o2",
        tuple(
            (rf"\bw{a}\b(.*)\bw{b}\b", rf"w{b}\1w{a}") for a, b in ((1, 2), (3, 4), (5, 6), (7, 8))
        ),
        ("weights swapped",),
    ),
    "another weight": M(
        "h1 h2 o1 o2",
        ((r"\bw1\b", "w3"), (r"\bw4\b", "w2"), (r"\bw5\b", "w7"), (r"\bw8\b", "w6")),
        ("another weight",),
    ),
    "another weight in dE": M(
        f"{INNER} back1 back2 dh1 dh2",
        ((r"\bw7\b", "w6"), (r"\bw5\b", "w6"), (r"\bw8\b", "w7"), (r"\bw6\b", "w5")),
        ("another weight",),
    ),
    "other unit in dE/dw": M(
        OUTER,
        ((r"\ba1\b", "a2"), (r"\ba2\b", "a1")),
        ("the other unit", "another weight's formula", "gradient of", "of another column"),
    ),
    "other slope": M(
        f"{INNER} dh1 dh2", ((r"\ba1\b", "a2"), (r"\ba2\b", "a1")), ("the other unit",)
    ),
    "other output": M(
        f"{OUTER} do1 do2", ((r"\by1\b", "y2"), (r"\by2\b", "y1")), ("the other unit",)
    ),
    "e2 is e1": M(
        "e2", ((r"\b([ty])2\b", r"\g<1>1"),), ("other unit", "other output's", "formula of")
    ),
    "o2 is o1": M(
        "o2", ((r"\bw7\b(.*)\bw8\b", r"w5\1w6"),), ("other output's", "formula of", "other unit")
    ),
    "h2 is h1": M("h2", ((r"\bw3\b(.*)\bw4\b", r"w1\1w2"),), ("formula of", "other unit")),
    "y2 of o1": M("y2", ((r"\bo2\b", "o1"),), ("the other unit", "formula of")),
    "i2 for i1": M(
        f"h1 h2 {INNER}",
        ((r"\bi1\b", "i2"), (r"\bi2\b", "i1")),
        ("other input", "formula of", "another weight's"),
    ),
    "t2 for t1": M(
        f"e1 e2 {OUTER}", ((r"\bt1\b", "t2"), (r"\bt2\b", "t1")), ("other input or target",)
    ),
    "i for t": M("e1 e2", ((r"\bt1\b", "i1"), (r"\bt2\b", "i2")), ("other input or target",)),
    "no half": M(
        "e1 e2",
        ((r"^(?:0\.5|1/2|\(1/2\))\*(.*)$", r"\1"), (r"(?:/2|\*0\.5)$", "")),
        ("missing 1/2",),
    ),
    "half of the gradient": M(
        GRADIENTS, ((r"^(.*)$", r"0.5*(\1)"),), ("1/2", "factor", "other input")
    ),
    "twice the gradient": M(GRADIENTS, ((r"^(.*)$", r"2*(\1)"),), ("1/2", "factor", "other input")),
    "no square": M("e1 e2", ((r"\^2(?!\))", ""),), ("missing square",)),
    "plus in the update": M("w1 w3 w5 w8 n2 n6", ((r"^((?:last_)?w\d)-", r"\1+"),), ("a sign",)),
    "sign of the gradient": M(
        f"{GRADIENTS} do1 do2",
        ((r"\(y(\d)-t\d\)", r"(t\1-y\1)"), (r"^-(?:1\*)?(\(t)", r"\1")),
        ("a sign",),
    ),
    "t + a": M(
        "e1 e2 g5 g7",
        ((r"\((t\d)-(y\d)\)", r"(\1+\2)"), (r"\((y\d)-(t\d)\)", r"(\1+\2)")),
        ("a sign", "+ stands where -"),
    ),
    "exp of plus": M(
        "a1 a2 y1 y2", ((r"EXP\(-(?:1\*)?(\w)", r"EXP(\1"),), ("a sign", "not the sigmoid")
    ),
    "no 1 - a": M(
        f"{GRADIENTS} do1", ((r"\*\(1-([ay]\d)\)", ""),), ("missing factor", "factor"), once=True
    ),
    "no a": M(OUTER, ((r"\*(a\d)$", ""),), ("missing factor", "factor")),
    "no slope": M(
        f"{INNER} dh1 dh2", ((r"\*\(?([ay]\d)\*\(1-\1\)\)?", ""),), ("missing factor", "factor")
    ),
    "a doubled": M(f"{OUTER} {INNER}", ((r"\*([aiy]\d)$", r"*\1*\1"),), ("factor", "there twice")),
    "no second output": M(
        f"{INNER} back1 back2", ((r"\+[^()]*(?:\([^()]*\)[^()]*)*\)", ")"),), ("missing term",)
    ),
    "no e2": M("et", ((r"\+e[12]|,e[12]", ""),), ("missing term",)),
    "other gradient": M(
        "w1 w2 w5 w6 w8 n3 n7",
        tuple(
            (rf"\bg{a}\b", f"g{b}")
            for a, b in ((1, 2), (2, 1), (5, 6), (6, 5), (8, 7), (3, 4), (7, 8))
        )
        + tuple(
            (rf"last_g{a}\b", f"last_g{b}") for a, b in ((1, 2), (2, 4), (5, 6), (6, 8), (8, 7))
        ),
        ("another weight's gradient",),
    ),
    "updated w5": M(
        f"{INNER} back1 back2 dh1 dh2",
        ((r"\bw([5678])\b", r"next_w\1"),),
        ("already updated", "a row off"),
    ),
    "rate from a target": M(
        "w1 w4 w7 n2 n5", ((r"\beta\b", "t1"), (r"\beta\b", "t2")), ("rate from the wrong cell",)
    ),
    "rate slides": M(
        "w1 w3 w6 n4", ((r"\beta\b", "slid_eta"),), ("rate from the wrong cell", "not copied")
    ),
    "no rate": M("w2 w5 n1", ((r"\beta\*", ""),), ("rate", "missing factor")),
    "row above": M(
        "o1 o2 h1 a1 y2 e1 et", ((r"\b([wahoye][1-8])\b", r"last_\1"),), ("a row off",), once=True
    ),
    "three rows below": M(
        "a1 a2 y1 y2", ((r"\b([ho][12])\b", r"row3_\1"),), ("a row off", "another row")
    ),
    "pinned": M(
        "o1 h2 a1 y1 e2 et g5",
        ((r"\b([wahoye][1-8])\b", r"first_\1"),),
        ("pinned", "not copied"),
        once=True,
    ),
    "pinned and slid": M(
        "w2 w7 n3",
        ((r"(last_|\b)g(\d)", r"first_g\2"), (r"\beta\b", "slid_eta")),
        ("pinned", "slid", "$", "not copied"),
        together=True,
    ),
    "brackets of the sigmoid": M(
        "a1 a2 y1 y2",
        ((r"^1/\(1\+EXP\((.*)\)\)$", r"1/1+EXP(\1)"),),
        ("bracket", "not the sigmoid"),
    ),
    "brackets of the sum": M(
        f"{INNER} dh1", ((r"^\((.*\*w[56])\+(.*\*w[78])\)", r"\1+\2"),), ("bracket",)
    ),
    "brackets of the slope": M(OUTER, ((r"\(1-(y\d)\)", r"1-\1"),), ("bracket",)),
    "times for minus": M(
        f"{OUTER} e1 e2",
        ((r"\((y\d)-(t\d)\)", r"(\1*\2)"), (r"\((t\d)-(y\d)\)", r"(\1*\2)")),
        ("* stands where -", "product"),
    ),
    "tanh": M("a1 a2 y1 y2", ((r"^.*\b([ho][12])\b.*$", r"TANH(\1)"),), ("not the sigmoid",)),
    "rounded": M("h1 o1 y1 e1 g5 g1", ((r"^(.*)$", r"ROUND(\1,4)"),), ("rounded",)),
    "e rounded": M("a1 y1", ((r"EXP\((-[ho]\d)\)", r"2.718^(\1)"),), ("e rounded",)),
    "a number typed": M("h1 a2 y1 e2 g3 g8", (), ("a constant over",), cells="one", content=0.4321),
    "numbers pasted": M("h2 a1 y2 et g5", (), ("a constant over",), cells="some", content=0.1234),
    "not copied": M(
        "h1 a1 o2 y1 e1 g6", (), ("not copied", "a constant over"), cells="rest", content="first"
    ),
    "text": M("h1 o2 e1 g2", (), ("text",), cells="one", content="see notes"),
    "an error": M(
        "h2 o1 e2 g7", ((r"^(.*)$", r"(\1)/0"),), ("an error", "empty", "0"), cells="one formula"
    ),
    "a gap": M("a1 y2 et g4", (), ("empty",), cells="gap", content=""),
    "counted input": M("i1 i2 t1", (), ("a constant that changes",), cells="counted"),
}


def draw(name: str, seed: int, right: dict[str, str], present: set[str], rows: int) -> Made | None:
    """The mistake put into one of the columns that are present; None where none can have it."""
    kind, chance = MISTAKES[name], random.Random(seed)
    roles = [role for role in kind.where.split() if role in present]
    changes = list(kind.changes)
    chance.shuffle(roles)
    chance.shuffle(changes)
    if kind.cells != "all" and rows < 8:
        return None
    if kind.cells not in ("all", "one formula"):
        at = chance.randrange(3, rows - 3)
        spans = {"some": range(at, rows), "rest": range(1, rows), "counted": range(1, rows)}
        span = spans.get(kind.cells, range(at, at + 1))
        return Made(name, roles[0], kind.told, content=kind.content, rows=span) if roles else None
    span = range(5, 6) if kind.cells == "one formula" else range(rows)
    for role in (role for role in roles if role in right):
        for new in _spoilt(kind, right[role], changes):
            if new != right[role]:
                return Made(name, role, kind.told, formula=new, rows=span)
    return None


def _spoilt(kind: Mistake, text: str, changes: list[tuple[str, str]]) -> list[str]:
    """A formula with each of the changes, or with all at once."""
    if kind.together:
        for old, by in kind.changes:
            if not re.search(old, text):
                return []
            text = re.sub(old, by, text)
        return [text]
    return [re.sub(old, by, text, count=1 if kind.once else 0) for old, by in changes]
