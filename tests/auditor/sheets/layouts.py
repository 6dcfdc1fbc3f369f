"""Ways in which students lay the exercise out, each a function of a case."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.auditor.sheets.exercise import CONSTANTS, WEIGHTS

W = list(WEIGHTS)
G = [f"g{n}" for n in range(1, 9)]
N = [f"n{n}" for n in range(1, 9)]


@dataclass
class Plan:
    """One sheet: where its table begins, what its columns are, and what else stands there."""

    name: str
    columns: list[tuple[str, str]]
    heading: tuple[int, int]  # the first heading's row and column, from 1
    gap: int = 0  # rows between headings and data
    constants: dict[str, str] = field(default_factory=dict)  # role: how formulas name it
    cells: dict[tuple[int, int], Any] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    transposed: bool = False
    eta: float = 0.5
    rows: int = 40
    initial: dict[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    inputs: dict[str, float] = field(default_factory=lambda: dict(CONSTANTS))
    broken: bool = True  # gets the case's mistakes


@dataclass
class Layout:
    """What a layout needs from the formulas, and its sheets."""

    kind: str
    plans: Callable[[int, float, int], list[Plan]]
    names: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    new: bool = False  # has columns of new weights


def named(roles: list[str], spelling: Callable[[str], str]) -> list[tuple[str, str]]:
    return [(role, spelling(role)) for role in roles]


FULL = [
    "t1",
    "t2",
    "i1",
    "i2",
    *W,
    "h1",
    "ah1",
    "h2",
    "ah2",
    "o1",
    "ao1",
    "o2",
    "ao2",
    "e1",
    "e2",
    "et",
    *G,
]


def course(rows: int, eta: float, variant: int) -> list[Plan]:
    """Constants in each row, the rate in a labelled cell above, the course's own spelling."""
    tail = ["∂E/∂{}", "dE/d{}", "δE_total/δ{}"][variant % 3]

    def spell(role: str) -> str:
        plain = {"ah1": "a_h1", "ah2": "a_h2", "ao1": "a_o1", "ao2": "a_o2", "e1": "E1", "e2": "E2"}
        if role[0] == "g":
            return tail.format(f"w{role[1]}")
        return plain.get(role, ["E_Total", "E_t", "Etotal"][variant % 3] if role == "et" else role)

    label = ["η", "Learning Rate", "lr ="][variant % 3]
    return [
        Plan(
            "Sheet1",
            named(FULL, spell),
            (3, 1),
            constants={"eta": "$B$1"},
            cells={(1, 1): label, (1, 2): eta},
            rows=rows,
            eta=eta,
        )
    ]


def beside(rows: int, eta: float, variant: int) -> list[Plan]:
    """Parameters down the left edge, the table to their right, capitals, a step column."""
    roles = ["step", *W, "h1", "h2", "ah1", "ah2", "o1", "o2", "ao1", "ao2", "e1", "e2", "et", *G]

    def spell(role: str) -> str:
        if role[0] == "g":
            return f"dEt/dW{role[1]}"
        special = {
            "step": "Step",
            "et": "Et",
            "ah1": "A_H1",
            "ah2": "A_H2",
            "ao1": "A_O1",
            "ao2": "A_O2",
        }
        return special.get(role, role.upper())

    labels = {"i1": "I1", "i2": "I2", "t1": "T1", "t2": "T2", "eta": "Eta"}
    values = CONSTANTS | {"eta": eta}
    cells = {(3 + at, 1): label for at, label in enumerate(labels.values())}
    cells |= {(3 + at, 2): values[role] for at, role in enumerate(labels)}
    constants = {role: f"$B${3 + at}" for at, role in enumerate(labels)}
    return [
        Plan(
            "Backprop",
            named(roles, spell),
            (2, 4),
            constants=constants,
            cells=cells,
            rows=rows,
            eta=eta,
        )
    ]


def above(rows: int, eta: float, variant: int) -> list[Plan]:
    """Labels in one row with values beneath, title on top, no step, a blank row in between."""
    roles = [*W, "h1", "ah1", "h2", "ah2", "o1", "ao1", "o2", "ao2", "e1", "e2", "et", *reversed(G)]

    def spell(role: str) -> str:
        if role[0] == "g":
            return f"dE_tot / dW{role[1]}"
        return {
            "et": "E_tot",
            "ah1": "out h1",
            "ah2": "out h2",
            "ao1": "out o1",
            "ao2": "out o2",
            "h1": "net h1",
            "h2": "net h2",
            "o1": "net o1",
            "o2": "net o2",
        }.get(role, role)

    labels = ["i1", "i2", "t1", "t2", "eta"]
    shown = ["x1", "x2", "target 1", "target 2", "learning rate (η)"]
    values = CONSTANTS | {"eta": eta}
    cells: dict[tuple[int, int], Any] = {(1, 1): "Backpropagation by hand"}
    cells |= {(3, 2 + at): shown[at] for at in range(5)}
    cells |= {(4, 2 + at): values[role] for at, role in enumerate(labels)}
    constants = {role: f"{'BCDEF'[at]}$4" for at, role in enumerate(labels)}
    constants = {role: "$" + text for role, text in constants.items()}
    return [
        Plan(
            "Tabelle1",
            named(roles, spell),
            (7, 2),
            gap=variant % 2,
            constants=constants,
            cells=cells,
            rows=rows,
            eta=eta,
        )
    ]


def lean_german(rows: int, eta: float, variant: int) -> list[Plan]:
    """German, only activations: no columns of sums nor of single errors."""
    roles = ["step", *W, "ah1", "ah2", "ao1", "ao2", "et", *G]

    def spell(role: str) -> str:
        if role[0] == "g":
            return f"Gradient w{role[1]}"
        if role[0] == "w":
            return f"Gewicht {role[1]}"
        return {
            "step": "Schritt",
            "et": "Fehler gesamt",
            "ah1": "Ausgabe h1",
            "ah2": "Ausgabe h2",
            "ao1": "Ausgabe o1",
            "ao2": "Ausgabe o2",
        }[role]

    labels = {
        "i1": "Eingabe 1",
        "i2": "Eingabe 2",
        "t1": "Zielwert 1",
        "t2": "Zielwert 2",
        "eta": "Lernrate",
    }
    values = CONSTANTS | {"eta": eta}
    cells = {(1 + at, 2): label for at, label in enumerate(labels.values())}
    cells |= {(1 + at, 3): values[role] for at, role in enumerate(labels)}
    constants = {role: f"$C${1 + at}" for at, role in enumerate(labels)}
    return [
        Plan(
            "Netz",
            named(roles, spell),
            (8, 1),
            constants=constants,
            cells=cells,
            rows=rows,
            eta=eta,
        )
    ]


def per_rate(rows: int, eta: float, variant: int) -> list[Plan]:
    """A sheet for each of three rates, each with its own cell; one of them has the mistakes."""
    plans = []
    for at, rate in enumerate((0.1, eta if eta not in (0.1, 2.0) else 0.8, 2.0)):
        plan = course(rows, rate, variant)[0]
        plan.name = f"lr {rate}"
        plan.broken = at == variant % 3
        plans.append(plan)
    return plans


def chain(rows: int, eta: float, variant: int) -> list[Plan]:
    """The derivation's columns too, under merged headings of groups."""
    roles = [
        "step",
        "i1",
        "i2",
        "t1",
        "t2",
        *W,
        "h1",
        "h2",
        "ah1",
        "ah2",
        "o1",
        "o2",
        "ao1",
        "ao2",
        "e1",
        "e2",
        "et",
        "e1h1",
        "e2h1",
        "eth1",
        "e1h2",
        "e2h2",
        "eth2",
        *G,
    ]
    known = {
        "e1h1": "dE1/dA_H1",
        "e2h1": "dE2/dA_H1",
        "eth1": "dE_T/dA_H1",
        "e1h2": "dE1/dA_H2",
        "e2h2": "dE2/dA_H2",
        "eth2": "dE_T/dA_H2",
        "et": "E_T",
        "step": "iteration",
        "ah1": "aH1",
        "ah2": "aH2",
        "ao1": "aO1",
        "ao2": "aO2",
    }
    columns = [(r, known.get(r, f"w{r[1]}" if r[0] == "g" else r)) for r in roles]
    starts = {
        "Inputs": (2, 3),
        "Targets": (4, 5),
        "Weights": (6, 13),
        "Forward pass": (14, 21),
        "Error": (22, 24),
        "Backward": (25, 30),
        "∂E_total/∂w": (31, 38),
    }
    cells: dict[tuple[int, int], Any] = {(4, first): text for text, (first, _) in starts.items()}
    cells |= {(1, 1): "Learning rate", (1, 4): eta}
    merges = [(4, first, 4, last) for first, last in starts.values()]
    return [
        Plan(
            "work",
            columns,
            (5, 1),
            constants={"eta": "$D$1"},
            cells=cells,
            merges=[*merges, (1, 1, 1, 3)],
            rows=rows,
            eta=eta,
        )
    ]


LAYOUTS = {
    "course": Layout("plain", course),
    "beside": Layout("plain", beside),
    "above": Layout("plain", above),
    "lean_german": Layout("lean", lean_german),
    "per_rate": Layout("plain", per_rate),
    "chain": Layout("chain", chain),
}
