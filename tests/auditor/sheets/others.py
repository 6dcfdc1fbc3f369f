"""Layouts that the auditor had not seen when it was written: held out, then tried once.

Of the first seven, 59 of 91 wrong columns were found at the first try, since a sheet without a
table brought the auditor down; of the four in `LATE` 54 of 56, with false alarms in five sheets.
"""

from typing import Any

from tests.auditor.sheets.exercise import CONSTANTS
from tests.auditor.sheets.layouts import G, Layout, N, Plan, W, beside, named


def across(rows: int, eta: float, variant: int) -> list[Plan]:
    """Steps run to the right, one quantity a row."""
    plan = beside(min(rows, 200), eta, variant)[0]
    plan.transposed = True
    plan.heading = (10, 1)
    plan.name = "transposed"
    return [plan]


def new_weights(rows: int, eta: float, variant: int) -> list[Plan]:
    """Deltas of the sums, gradients and new weights in each row, which the next row takes over."""
    roles = [
        "step",
        "eta",
        "i1",
        "i2",
        "t1",
        "t2",
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
        "do1",
        "do2",
        "dh1",
        "dh2",
        *G,
        *N,
    ]

    def spell(role: str) -> str:
        if role in ("do1", "do2", "dh1", "dh2"):
            return f"δ_{role[1:]}"
        if role[0] == "n":
            return [f"w{role[1]} new", f"new w{role[1]}", f"w{role[1]}+"][variant % 3]
        if role[0] == "g":
            return f"grad_w{role[1]}"
        return {"eta": "alpha", "step": "#", "et": "Total Error"}.get(role, role)

    return [Plan("Sheet1", named(roles, spell), (2, 2), rows=rows, eta=eta)]


def parameter_sheet(rows: int, eta: float, variant: int) -> list[Plan]:
    """Named cells on a sheet of their own, letters with subscripts."""
    roles = ["step", *W, "h1", "h2", "ah1", "ah2", "o1", "o2", "ao1", "ao2", "e1", "e2", "et", *G]
    sub = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

    def spell(role: str) -> str:
        if role[0] == "g":
            return f"∂E/∂w{role[1]}".translate(sub)
        if role in ("ah1", "ah2", "ao1", "ao2"):
            return f"σ({role[1:]})".translate(sub)
        return {"et": "ΣE", "step": "n"}.get(role, role.translate(sub))

    names = {"i1": "in_1", "i2": "in_2", "t1": "target_1", "t2": "target_2", "eta": "eta"}
    labels = {"i1": "i₁", "i2": "i₂", "t1": "t₁", "t2": "t₂", "eta": "η"}
    cells = {(2 + at, 1): label for at, label in enumerate(labels.values())}
    values = CONSTANTS | {"eta": eta}
    cells |= {(2 + at, 2): values[role] for at, role in enumerate(labels)}
    parameters = Plan("Parameters", [], (1, 1), cells=cells)
    return [
        parameters,
        Plan("Training", named(roles, spell), (1, 1), constants=names, rows=rows, eta=eta),
    ]


def stacked(rows: int, eta: float, variant: int) -> list[Plan]:
    """Notes between headings and data, the rate inside a title, inputs as text, rate typed in."""
    roles = ["I1", "I2", "T1", "T2"]
    cells: dict[tuple[int, int], Any] = {(1, 1): f"Learning rate η = {eta}", (2, 1): "given:"}
    for at, role in enumerate(roles):
        cells[2, 2 + 2 * at] = role
        cells[2, 3 + 2 * at] = str(CONSTANTS[role.lower()])
    columns = ["step", *W, "h1", "ah1", "h2", "ah2", "o1", "ao1", "o2", "ao2", "e1", "e2", "et", *G]

    def spell(role: str) -> str:
        if role[0] == "g":
            return f"dE_tot/dW{role[1]}"
        return {"et": "E TOTAL", "ah1": "A H1", "ah2": "A H2", "ao1": "A O1", "ao2": "A O2"}.get(
            role, role.upper()
        )

    cells |= {(6, 1): "(count)", (6, 2): "start: as in the book", (6, 12): "sum of both"}
    constants = {
        role.lower(): f"$${'CEGI'[at]}$2".replace("$$", "$") for at, role in enumerate(roles)
    }
    return [
        Plan(
            "Blatt 1",
            named(columns, spell),
            (5, 1),
            gap=1,
            constants=constants | {"eta": repr(eta)},
            cells=cells,
            rows=rows,
            eta=eta,
        )
    ]


def cluttered(rows: int, eta: float, variant: int) -> list[Plan]:
    """French, a title, a column for a chart at the right, everything off the corner."""
    roles = ["step", *W, "h1", "h2", "ah1", "ah2", "o1", "o2", "ao1", "ao2", "e1", "e2", "et", *G]

    def spell(role: str) -> str:
        if role[0] == "g":
            return f"dE/dw{role[1]}"
        if role[0] == "w":
            return f"poids {role[1]}"
        return {
            "step": "étape",
            "et": "erreur totale",
            "e1": "erreur 1",
            "e2": "erreur 2",
            "h1": "net_h1",
            "h2": "net_h2",
            "o1": "net_o1",
            "o2": "net_o2",
            "ah1": "sortie h1",
            "ah2": "sortie h2",
            "ao1": "sortie o1",
            "ao2": "sortie o2",
        }[role]

    labels = {
        "i1": "entrée 1",
        "i2": "entrée 2",
        "t1": "cible 1",
        "t2": "cible 2",
        "eta": "taux d'apprentissage",
    }
    values = CONSTANTS | {"eta": eta}
    cells: dict[tuple[int, int], Any] = {(2, 3): "Rétropropagation, réseau 2-2-2"}
    cells |= {(4 + at, 3): label for at, label in enumerate(labels.values())}
    cells |= {(4 + at, 5): values[role] for at, role in enumerate(labels)}
    cells |= {(11, 3 + len(roles) + 1): "for the chart", (12, 3 + len(roles) + 1): 1, (3, 40): 12.5}
    constants = {role: f"$E${4 + at}" for at, role in enumerate(labels)}
    merges = [(4 + at, 3, 4 + at, 4) for at in range(5)]
    return [
        Plan(
            "Feuil1",
            named(roles, spell),
            (11, 3),
            constants=constants,
            cells=cells,
            merges=merges,
            rows=rows,
            eta=eta,
        )
    ]


def halves(rows: int, eta: float, variant: int) -> list[Plan]:
    """Other numbers: targets one half, other inputs and weights; everything read from the sheet."""
    plan = beside(rows, eta, variant)[0]
    plan.inputs = {"i1": 0.35, "i2": 0.9, "t1": 0.5, "t2": 0.45}
    for at, role in enumerate(plan.inputs):
        plan.cells[3 + at, 2] = plan.inputs[role]
    plan.initial = {
        f"w{n}": v for n, v in enumerate((0.1, -0.8, 0.4, 0.6, 0.3, 0.9, -0.25, 0.7), 1)
    }
    return [plan]


def no_gradients(rows: int, eta: float, variant: int) -> list[Plan]:
    """Only weights, activations and errors: the updates hold the whole gradient."""
    roles = ["step", *W, "h1", "h2", "ah1", "ah2", "o1", "o2", "ao1", "ao2", "e1", "e2", "et"]
    plan = beside(rows, eta, variant)[0]
    plan.columns = [(role, heading) for role, heading in plan.columns if role in roles]
    return [plan]


def side_by_side(rows: int, eta: float, variant: int) -> list[Plan]:
    """Two runs on one sheet, each with its rate above; the right one has the mistakes."""
    roles = ["step", *W, "h1", "h2", "ah1", "ah2", "o1", "o2", "ao1", "ao2", "e1", "e2", "et", *G]
    plans = []
    for at, rate in enumerate((0.3, eta)):
        left = 1 + at * (len(roles) + 2)
        plan = beside(rows, rate, variant)[0]
        plan.name, plan.heading, plan.eta, plan.broken = "both", (9, left), rate, at == 1
        letter = ("B", "AF")[at]
        labels = ["i1", "i2", "t1", "t2", "eta"]
        values = CONSTANTS | {"eta": rate}
        plan.cells = {(2 + k, left): role for k, role in enumerate(labels)}
        plan.cells |= {(2 + k, left + 1): values[role] for k, role in enumerate(labels)}
        plan.constants = {role: f"${letter}${2 + k}" for k, role in enumerate(labels)}
        plans.append(plan)
    return plans


def numbered(rows: int, eta: float, variant: int) -> list[Plan]:
    """Headings of groups with mere numbers beneath."""
    columns = [("step", "It."), *((w, w[1]) for w in W)]
    columns += [
        ("h1", "1"),
        ("h2", "2"),
        ("ah1", "1"),
        ("ah2", "2"),
        ("o1", "1"),
        ("o2", "2"),
        ("ao1", "1"),
        ("ao2", "2"),
        ("e1", "1"),
        ("e2", "2"),
        ("et", "total error"),
    ]
    columns += [(g, g[1]) for g in G]
    groups = {"w": 2, "net h": 10, "out h": 12, "net o": 14, "out o": 16, "E": 18, "dE/dw": 21}
    plan = beside(rows, eta, variant)[0]
    plan.name, plan.columns, plan.heading = "numbers", columns, (9, 1)
    plan.cells |= {(8, at): text for text, at in groups.items()}
    return [plan]


def typed_in(rows: int, eta: float, variant: int) -> list[Plan]:
    """No sums, activations called h1 and o1, and inputs and targets typed into the formulas."""
    roles = [*W, "ah1", "ah2", "ao1", "ao2", "et", *G]

    def spell(role: str) -> str:
        return {"et": "loss"}.get(
            role, f"d E / d w{role[1]}" if role[0] == "g" else role.lstrip("a")
        )

    constants = {role: repr(value) for role, value in CONSTANTS.items()} | {"eta": "$C$1"}
    return [
        Plan(
            "S",
            named(roles, spell),
            (3, 2),
            constants=constants,
            cells={(1, 2): "LR:", (1, 3): eta},
            rows=rows,
            eta=eta,
        )
    ]


def changes(rows: int, eta: float, variant: int) -> list[Plan]:
    """Spanish, with columns of changes that the next row adds."""
    roles = [
        "step",
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
        *(f"c{n}" for n in range(1, 9)),
    ]

    def spell(role: str) -> str:
        if role[0] in "wgc":
            return {"w": "peso {}", "g": "∂E_total / ∂w_{}", "c": "Δw{}"}[role[0]].format(role[1])
        return {
            "step": "paso",
            "et": "Error Total",
            "ah1": "salida h1",
            "ah2": "salida h2",
            "ao1": "salida o1",
            "ao2": "salida o2",
            "e1": "Error 1",
            "e2": "Error 2",
        }.get(role, f"neta {role}")

    labels = {
        "i1": "Entrada 1",
        "i2": "Entrada 2",
        "t1": "Objetivo 1",
        "t2": "Objetivo 2",
        "eta": "Tasa de aprendizaje",
    }
    values = CONSTANTS | {"eta": eta}
    cells = {(2, 1 + 2 * k): label for k, label in enumerate(labels.values())}
    cells |= {(2, 2 + 2 * k): values[role] for k, role in enumerate(labels)}
    constants = {role: f"${'BDFHJ'[k]}$2" for k, role in enumerate(labels)}
    return [
        Plan(
            "Hoja 1",
            named(roles, spell),
            (4, 1),
            constants=constants,
            cells=cells,
            rows=rows,
            eta=eta,
        )
    ]


HELD_OUT = {
    "across": Layout("plain", across),
    "new_weights": Layout("delta", new_weights, new=True),
    "parameter_sheet": Layout(
        "plain",
        parameter_sheet,
        names={
            "in_1": ("Parameters", 2, 2),
            "in_2": ("Parameters", 3, 2),
            "target_1": ("Parameters", 4, 2),
            "target_2": ("Parameters", 5, 2),
            "eta": ("Parameters", 6, 2),
        },
    ),
    "stacked": Layout("plain", stacked),
    "cluttered": Layout("plain", cluttered),
    "halves": Layout("plain", halves),
    "no_gradients": Layout("inline", no_gradients),
}

LATE = {
    "side_by_side": Layout("plain", side_by_side),
    "numbered": Layout("plain", numbered),
    "typed_in": Layout("lean", typed_in),
    "changes": Layout("change", changes),
}
