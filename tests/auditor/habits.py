"""Sheets in other people's habits than the students' generator knows, with a truth in NumPy.

A habit is a function that lays out one run with `Hand`; each cell's formula is a template of
quantities, `{w1}` this step's and `{-w1}` that of the step before.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

W0 = np.array([0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55])
GIVEN = {"i1": 0.05, "i2": 0.1, "t1": 0.01, "t2": 0.99}
W, G, N = ([f"{letter}{n}" for n in range(1, 9)] for letter in "wgn")
FORWARD = ["h1", "h2", "a1", "a2", "o1", "o2", "y1", "y2", "e1", "e2", "et"]
RIGHT = {
    "h1": "{w1}*{i1}+{w2}*{i2}", "h2": "{w3}*{i1}+{w4}*{i2}",
    "o1": "{w5}*{a1}+{w6}*{a2}", "o2": "{w7}*{a1}+{w8}*{a2}",
    "a1": "1/(1+EXP(-{h1}))", "a2": "1/(1+EXP(-{h2}))",
    "y1": "1/(1+EXP(-{o1}))", "y2": "1/(1+EXP(-{o2}))",
    "e1": "({t1}-{y1})^2/2", "e2": "({t2}-{y2})^2/2", "et": "{e1}+{e2}",
    "do1": "({y1}-{t1})*{y1}*(1-{y1})", "do2": "({y2}-{t2})*{y2}*(1-{y2})",
    "dh1": "({do1}*{w5}+{do2}*{w7})*{a1}*(1-{a1})",
    "dh2": "({do1}*{w6}+{do2}*{w8})*{a2}*(1-{a2})",
    "g1": "{dh1}*{i1}", "g2": "{dh1}*{i2}", "g3": "{dh2}*{i1}", "g4": "{dh2}*{i2}",
    "g5": "{do1}*{a1}", "g6": "{do1}*{a2}", "g7": "{do2}*{a1}", "g8": "{do2}*{a2}",
    **{w: f"{{-{w}}}-{{eta}}*{{-{g}}}" for w, g in zip(W, G, strict=True)},
    **{n: f"{{{w}}}-{{eta}}*{{{g}}}" for n, w, g in zip(N, W, G, strict=True)},
}  # fmt: skip


def truth(rows: int, eta: float, given: dict[str, float] = GIVEN, start: np.ndarray = W0) -> Any:
    """The course's numbers: a dictionary of arrays of length `rows`."""
    x, t, w = np.array([given["i1"], given["i2"]]), np.array([given["t1"], given["t2"]]), start
    steps = []
    for _ in range(rows):
        first, second = w[:4].reshape(2, 2), w[4:].reshape(2, 2)
        h = first @ x
        a = 1 / (1 + np.exp(-h))
        o = second @ a
        y = 1 / (1 + np.exp(-o))
        e, do = (t - y) ** 2 / 2, (y - t) * y * (1 - y)
        dh = (second.T @ do) * a * (1 - a)
        g = np.concatenate([np.outer(dh, x).ravel(), np.outer(do, a).ravel()])
        steps.append([*h, *a, *o, *y, *e, e.sum(), *do, *dh, *g, *w, *(w - eta * g)])
        w = w - eta * g
    names = [*FORWARD, "do1", "do2", "dh1", "dh2", *G, *W, *N]
    return (
        dict(zip(names, np.array(steps).T, strict=True))
        | {name: np.full(rows, value) for name, value in {**given, "eta": eta}.items()}
        | {"step": np.arange(rows)}
    )


class Hand:
    """One workbook that somebody makes by hand; `wrong` has other formulas for some quantities."""

    def __init__(self, path: Path, wrong: dict[str, str]) -> None:
        self.book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": True})
        self.wrong = wrong
        self.sheets: dict[str, Any] = {}

    def sheet(self, name: str) -> Any:
        if name not in self.sheets:
            self.sheets[name] = self.book.add_worksheet(name)
        return self.sheets[name]

    def run(
        self,
        name: str,
        spots: dict[str, Callable[[int], tuple[int, int] | str]],
        values: dict[str, np.ndarray],
        formulas: dict[str, str] | None = None,
        typed: bool = False,
        shown: Callable[[float], Any] = float,
    ) -> None:
        """Write the steps of a run where `spots` says: cells from 0, or how a formula names it."""
        formulas = RIGHT | (formulas or {}) | self.wrong
        rows = len(values["w1"])
        for role, spot in spots.items():
            if isinstance(spot(0), str):
                continue
            for step in range(rows):
                first = role in W and step == 0
                row, column = spot(step)
                if typed or first or role not in formulas:
                    self.sheet(name).write(row, column, shown(values[role][step]))
                    continue
                text = self._addressed(formulas[role], step, spots, formulas)
                saved = 0 if self.wrong else values[role][step]
                self.sheet(name).write_formula(row, column, f"={text}", None, saved)

    def _addressed(
        self, text: str, step: int, spots: dict[str, Any], formulas: dict[str, str]
    ) -> str:
        def cell(match: re.Match[str]) -> str:
            back, role = match[1], match[2]
            if role not in spots:  # it has no cell: it is written out
                inner = formulas[role].replace("{", "{" + back)
                return f"({self._addressed(inner, step, spots, formulas)})"
            spot = spots[role](step - 1 if back else step)
            return spot if isinstance(spot, str) else xl_rowcol_to_cell(*spot)

        return re.sub(r"\{(-?)(\w+)\}", cell, text)


def down(top: int, column: int) -> Callable[[int], tuple[int, int]]:
    return lambda step: (top + step, column)


def right(row: int, left: int) -> Callable[[int], tuple[int, int]]:
    return lambda step: (row, left + step)


def named(text: str) -> Callable[[int], str]:
    return lambda _: text


GERMAN = {
    "w": "Gewicht {}", "h": "Netto h{}", "a": "Ausgabe h{}", "o": "Netto o{}", "y": "Ausgabe o{}",
    "e": "Fehler {}", "et": "Gesamtfehler", "g": "Gradient w{}", "i": "Eingabe {}",
    "t": "Zielwert {}", "n": "Gewicht {} neu",
}  # fmt: skip
PLAIN = {
    "w": "w{}", "h": "h{}", "a": "a_h{}", "o": "o{}", "y": "a_o{}", "e": "E{}", "et": "E_total",
    "g": "dE/dw{}", "i": "i{}", "t": "t{}", "n": "w{} new", "do": "dE/do{}", "dh": "dE/dh{}",
}  # fmt: skip


def head(role: str, words: dict[str, str] = PLAIN) -> str:
    stem = role.rstrip("0123456789")
    return (words.get(role) or words.get(stem) or PLAIN[stem]).format(role.removeprefix(stem))


def table(
    hand: Hand,
    name: str,
    roles: list[str],
    top: int,
    left: int,
    words: dict[str, str] = PLAIN,
    across: bool = False,
) -> dict[str, Any]:
    """Write headings; return where the quantities stand."""
    spots: dict[str, Any] = {}
    for at, role in enumerate(roles):
        place = (top + at, left) if across else (top, left + at)
        hand.sheet(name).write(*place, head(role, words))
        spots[role] = right(top + at, left + 1) if across else down(top + 1, left + at)
    return spots


def labelled(
    hand: Hand, name: str, labels: dict[str, tuple[str, Any]], row: int, column: int
) -> dict[str, Any]:
    """Write labels with numbers beside them; return how formulas name the cells."""
    found = {}
    for at, (role, (label, value)) in enumerate(labels.items()):
        hand.sheet(name).write(row + at, column, label)
        hand.sheet(name).write(row + at, column + 1, value)
        found[role] = named(xl_rowcol_to_cell(row + at, column + 1, True, True))
    return found


def given(words: dict[str, str] = PLAIN, **other: Any) -> dict[str, tuple[str, Any]]:
    return {role: (head(role, words), other.get(role, value)) for role, value in GIVEN.items()}


ALL = [*W, *FORWARD, *G]
CAPITALS = {
    "w": "W{}", "h": "H{}", "a": "A_H{}", "o": "O{}", "y": "A_O{}", "e": "E{}", "et": "Et",
    "g": "dEt/dW{}", "i": "I{}", "t": "T{}", "step": "Step",
}  # fmt: skip


def beside(path: Path, rows: int, wrong: dict[str, str] | None = None, typed: bool = False) -> None:
    """Parameters down the left edge, A3 to B7, and the table to their right, from D2."""
    hand = Hand(path, wrong or {})
    spots = labelled(hand, "Backprop", given(CAPITALS) | {"eta": ("Eta", 0.5)}, 2, 0)
    spots |= table(hand, "Backprop", ["step", *ALL], 1, 3, CAPITALS)
    hand.run("Backprop", spots, truth(rows, 0.5), typed=typed)
    hand.book.close()


def course(path: Path, rows: int, wrong: dict[str, str] | None = None) -> None:
    """The course's own sheet: constants in each row, from A3, the rate above in B1."""
    hand = Hand(path, wrong or {})
    spots = labelled(hand, "Sheet1", {"eta": ("η", 0.5)}, 0, 0)
    spots |= table(hand, "Sheet1", ["t1", "t2", "i1", "i2", *ALL], 2, 0)
    hand.run("Sheet1", spots, truth(rows, 0.5))
    hand.book.close()


def vertical_german(hand: Hand) -> None:
    spots = labelled(hand, "Rechnung", given(GERMAN) | {"eta": ("Lernrate", 0.5)}, 0, 0)
    spots |= table(hand, "Rechnung", ALL, 8, 0, GERMAN, across=True)
    hand.run("Rechnung", spots, truth(9, 0.5))


def one_step_list(hand: Hand) -> None:
    """One step, a quantity a line, the new weights last."""
    spots = table(hand, "S", ["i1", "i2", "t1", "t2", *ALL, *N], 3, 1, across=True)
    hand.sheet("S").write(1, 1, "learning rate")
    hand.sheet("S").write(1, 2, 0.5)
    hand.run("S", spots | {"eta": named("$C$2")}, truth(1, 0.5))


def percent(hand: Hand) -> None:
    spots = labelled(hand, "S", given() | {"eta": ("Learning rate", 0.5)}, 0, 0)
    hand.sheet("S").write(4, 1, 0.5, hand.book.add_format({"num_format": "0%"}))
    spots |= table(hand, "S", ALL, 7, 0)
    hand.run("S", spots, truth(12, 0.5))


def percent_text(hand: Hand) -> None:
    hand.sheet("S").write(0, 0, "Learning rate: 50 %")
    spots = table(hand, "S", ["i1", "i2", "t1", "t2", *ALL], 7, 0) | {"eta": named("50%")}
    hand.run("S", spots, truth(12, 0.5))


def sums_of_products(hand: Hand) -> None:
    spots = table(hand, "S", ["i1", "i2", "t1", "t2", *ALL], 4, 2)
    spots |= labelled(hand, "S", {"eta": ("LR", 0.5)}, 0, 0)
    hand.run("S", spots, truth(12, 0.5), {
        "h1": "SUMPRODUCT({w1}:{w2},{i1}:{i2})", "h2": "SUMPRODUCT({w3}:{w4}*{i1}:{i2})",
        "o1": "SUM({w5}:{w6}*{a1}:{a2})", "et": "SUMXMY2({t1}:{t2},{y1}:{y2})/2",
    })  # fmt: skip


def matrices(hand: Hand) -> None:
    spots = table(hand, "S", ALL, 9, 2)
    spots |= labelled(hand, "S", given() | {"eta": ("eta", 0.8)}, 0, 0)
    hand.run("S", spots, truth(12, 0.8), {
        "h1": "MMULT({w1}:{w2},{i1}:{i2})", "h2": "MMULT({w3}:{w4},{i1}:{i2})",
        "o2": "MMULT({w7}:{w8},TRANSPOSE({a1}:{a2}))",
    })  # fmt: skip


def names_for_all(hand: Hand) -> None:
    spots = table(hand, "Training", ALL, 2, 1)
    words = {
        "i1": "Eingabe_1",
        "i2": "Eingabe_2",
        "t1": "Soll_1",
        "t2": "Soll_2",
        "eta": "Lernrate",
    }
    for at, (role, name) in enumerate(words.items()):
        hand.sheet("Daten").write(2 + at, 3, {**GIVEN, "eta": 2.0}[role])
        hand.book.define_name(name, f"=Daten!$D${3 + at}")
        spots[role] = named(name)
    hand.run("Training", spots, truth(12, 2.0))


def helpers(hand: Hand) -> None:
    """Helper columns without headings, which formulas lead through."""
    spots = table(hand, "S", ["i1", "i2", "t1", "t2", *ALL], 3, 0)
    spots |= labelled(hand, "S", {"eta": ("η", 0.5)}, 0, 0)
    spots |= {"do1": down(4, 40), "do2": down(4, 41), "dh1": down(4, 43), "dh2": down(4, 44)}
    hand.run("S", spots, truth(12, 0.5))


def chart_and_hidden(hand: Hand) -> None:
    spots = table(hand, "S", ["i1", "i2", "t1", "t2", *ALL], 3, 0)
    spots |= labelled(hand, "S", {"eta": ("η", 0.5)}, 0, 0)
    hand.run("S", spots, truth(30, 0.5))
    chart = hand.book.add_chart({"type": "line"})
    chart.add_series({"values": "=S!$W$5:$W$34", "name": "E_total"})
    hand.sheet("S").insert_chart("B40", chart)
    for row in range(6, 30):
        hand.sheet("S").set_row(row, None, None, {"hidden": True})
    hand.sheet("S").set_column(4, 9, None, None, {"hidden": True})


def comma_decimals(hand: Hand) -> None:
    """Numbers as text, as a German program pastes them into an English one."""
    words = given(GERMAN, i1="0,05", i2="0,1", t1="0,01", t2="0,99")
    labelled(hand, "S", words | {"eta": ("Lernrate", "0,5")}, 0, 0)
    spots = table(hand, "S", ALL, 7, 0, GERMAN)
    hand.run("S", spots, truth(12, 0.5), typed=True, shown=lambda v: f"{v:.9f}".replace(".", ","))


def two_networks(hand: Hand) -> None:
    """Two networks side by side, each with other inputs, weights and rate of its own."""
    for left, eta, shift in ((0, 0.5, 0.0), (40, 2.0, 0.3)):
        values = {role: value + shift / 2 for role, value in GIVEN.items()}
        spots = labelled(hand, "S", given(**values) | {"eta": ("lr", eta)}, 0, left)
        spots |= table(hand, "S", ALL, 8, left)
        hand.run("S", spots, truth(12, eta, values, W0 - shift))


def two_below(hand: Hand) -> None:
    spots = labelled(hand, "S", given(), 0, 0)
    for top, eta in ((8, 0.1), (30, 1.0)):
        hand.sheet("S").write(top - 2, 3, f"Run with eta = {eta}")
        rate = labelled(hand, "S", {"eta": ("eta", eta)}, top - 2, 6)
        below = table(hand, "S", ALL, top, 0)
        hand.run("S", spots | rate | below, truth(12, eta))


def merged_groups(hand: Hand) -> None:
    spots = table(hand, "S", ALL, 6, 0, {"w": "{}", "g": "{}"})
    sheet = hand.sheet("S")
    sheet.merge_range(0, 0, 0, 10, "Learning rate study, part 2")
    sheet.merge_range(5, 0, 5, 7, "Weights")
    sheet.merge_range(5, 8, 5, 18, "Forward")
    sheet.merge_range(5, 19, 5, 26, "Gradients")
    spots |= labelled(hand, "S", given() | {"eta": ("LR", 0.5)}, 0, 30)
    hand.run("S", spots, truth(12, 0.5))


def initial_and_final(hand: Hand) -> None:
    """Old and new weights in one row, several steps."""
    words = {"w": "initial w{}", "n": "final w{}"}
    spots = table(hand, "S", ["i1", "i2", "t1", "t2", *ALL, *N], 4, 0, words)
    spots |= labelled(hand, "S", {"eta": ("eta", 0.5)}, 0, 0)
    hand.run("S", spots, truth(8, 0.5), {w: f"{{-n{w[1]}}}" for w in W})


def summary_of_finals(hand: Hand) -> None:
    """A summary: first weights and those after all steps, in one row that is no table."""
    spots = table(hand, "S", ["i1", "i2", "t1", "t2", *ALL], 8, 0)
    spots |= labelled(hand, "S", {"eta": ("eta", 0.5)}, 0, 0)
    values = truth(12, 0.5)
    hand.run("S", spots, values)
    for at, w in enumerate(W):
        for left, step, word in ((10, 0, "initial"), (18, 11, "final")):
            hand.sheet("S").write(3, left + at, f"{word} {w}")
            hand.sheet("S").write(4, left + at, values[w][step])


def two_sheets(hand: Hand) -> None:
    """The backward pass on a sheet of its own."""
    spots = table(hand, "Vorwärts", [*W, *FORWARD], 7, 0)
    spots |= labelled(hand, "Vorwärts", given() | {"eta": ("eta", 0.5)}, 0, 0)
    back = {g: down(8, 1 + at) for at, g in enumerate(G)}
    for at, g in enumerate(G):
        hand.sheet("Rückwärts").write(7, 1 + at, head(g))
    values = truth(12, 0.5)

    def on(sheet: str, places: dict[str, Any]) -> dict[str, Any]:
        def place(role: str) -> Callable[[int], Any]:
            def at(step: int) -> Any:
                spot = places[role](step)
                return spot if isinstance(spot, str) else f"{sheet}!{xl_rowcol_to_cell(*spot)}"

            return at

        return {role: place(role) for role in places}

    constants = {r: s for r, s in spots.items() if isinstance(s(0), str)}
    far = {r: named(f"Vorwärts!{s(0)}") for r, s in constants.items()}
    cells = {r: s for r, s in spots.items() if r not in constants}
    hand.run("Vorwärts", spots | on("Rückwärts", back), values)
    hand.run("Rückwärts", on("Vorwärts", cells) | far | back, values)


def guarded(hand: Hand) -> None:
    """Formulas inside of IF and IFERROR, small letters, blanks, signs in front."""
    spots = table(hand, "S", ["i1", "i2", "t1", "t2", *ALL], 3, 0)
    spots |= labelled(hand, "S", {"eta": ("η", 0.5)}, 0, 0)
    formulas = {w: f'IF({{-w1}}="","",{RIGHT[w]})' for w in W}
    formulas |= {a: f"IFERROR( {RIGHT[a].replace('EXP', 'exp')} , 0)" for a in ("a1", "a2")}
    formulas |= {"et": "+{e1} + {e2}", "e1": "0.5 * ({t1} - {y1}) ^ 2"}
    hand.run("S", spots, truth(12, 0.5), formulas)


def functions_unknown(hand: Hand) -> None:
    """LET, whose saved values are judged."""
    spots = table(hand, "S", ["i1", "i2", "t1", "t2", *ALL], 3, 0)
    spots |= labelled(hand, "S", {"eta": ("η", 0.5)}, 0, 0)
    formulas = {"a1": "_xlfn.LET(_xlpm.x,{h1},1/(1+EXP(-_xlpm.x)))"}
    hand.run("S", spots, truth(12, 0.5), formulas)


def four_decimals(hand: Hand) -> None:
    labelled(hand, "S", given() | {"eta": ("η", 0.5)}, 0, 0)
    spots = table(hand, "S", ALL, 7, 0)
    hand.run("S", spots, truth(40, 0.5), typed=True, shown=lambda v: round(v, 4))


def symbol_eta(hand: Hand) -> None:
    """Values alone, the rate's label the letter h in the font Symbol."""
    labelled(hand, "S", given(), 0, 0)
    hand.sheet("S").write(4, 0, "h", hand.book.add_format({"font_name": "Symbol"}))
    hand.sheet("S").write(4, 1, 0.5)
    spots = table(hand, "S", ALL, 7, 0)
    hand.run("S", spots, truth(3, 0.5), typed=True)


def every_tenth(hand: Hand) -> None:
    """Values of every tenth step, which the step column says."""
    labelled(hand, "S", given() | {"eta": ("η", 0.5)}, 0, 0)
    values = {role: held[::10] for role, held in truth(101, 0.5).items()}
    spots = table(hand, "S", ALL, 7, 1)
    hand.sheet("S").write(7, 0, "step")
    hand.sheet("S").write_column(8, 0, range(0, 101, 10))
    hand.run("S", spots, values, typed=True)


def newest_first(hand: Hand) -> None:
    """A printed report: title, units beneath the headings, a remark beside a row, a legend."""
    sheet = hand.sheet("Bericht 3")
    sheet.write(0, 0, "Übung 4: Backpropagation von Hand (2-2-2), w1 bis w8 wie im Skript")
    sheet.write(2, 0, "Der Fehler sinkt von 0,2425 auf 0,18")
    spots = labelled(hand, "Bericht 3", given() | {"eta": ("Lernrate η:", 0.5)}, 4, 2)
    spots |= table(hand, "Bericht 3", ["i1", "i2", "t1", "t2", *ALL], 12, 1)
    sheet.write_row(13, 1, ["[-]"] * 31)
    cells = {r: down(14, s(0)[1]) for r, s in spots.items() if not isinstance(s(0), str)}
    hand.run("Bericht 3", spots | cells, truth(12, 0.5))
    sheet.write(18, 40, "hier ist w5 zum ersten Mal kleiner als 0.3")
    sheet.write(40, 1, "Legende: a = Ausgabe, E = Fehler, η = 0.7 im zweiten Versuch")


def deltas(hand: Hand) -> None:
    words = {"do": "δ_o{}", "dh": "δ_h{}", "g": "∂E/∂w{}"}
    spots = table(hand, "S", ["i1", "i2", "t1", "t2", *ALL[:19], "do1", "do2", "dh1", "dh2", *G],
                  5, 0, words)  # fmt: skip
    spots |= labelled(hand, "S", {"eta": ("learn rate", 0.5)}, 0, 0)
    hand.run("S", spots, truth(12, 0.5))


def relative_across(hand: Hand) -> None:
    """Steps to the right, constants in each step, the rate too."""
    spots = table(
        hand, "S", ["eta", "i1", "i2", "t1", "t2", *ALL], 2, 1, PLAIN | {"eta": "eta"}, True
    )
    hand.run("S", spots, truth(10, 1.5))


def no_sums(hand: Hand) -> None:
    """The fewest columns that do: weights, outputs and the error."""
    spots = labelled(hand, "S", given() | {"eta": ("alpha", 0.5)}, 0, 0)
    spots |= table(hand, "S", [*W, "a1", "a2", "y1", "y2", "et"], 7, 0)
    hand.run("S", spots, truth(12, 0.5))


HABITS: dict[str, Callable[[Hand], None]] = {
    one.__name__: one
    for one in (
        vertical_german, one_step_list, percent, percent_text, sums_of_products, matrices,
        names_for_all, helpers, chart_and_hidden, comma_decimals, two_networks, two_below,
        merged_groups, initial_and_final, summary_of_finals, two_sheets, guarded,
        functions_unknown, four_decimals, symbol_eta, every_tenth, newest_first, deltas,
        relative_across, no_sums,
    )
}  # fmt: skip

WRONG = {
    "h for a_h": ({"o1": "{w5}*{h1}+{w6}*{a2}"}, "h in place of a_h"),
    "swapped": ({"h2": "{w4}*{i1}+{w3}*{i2}"}, "weights swapped"),
    "no half": ({"e2": "({t2}-{y2})^2"}, "a missing 1/2"),
    "sign": ({"y2": "1/(1+EXP({o2}))"}, "a sign"),
    "term": ({"et": "{e1}"}, "a missing term"),
    "slope": ({"g6": "({y1}-{t1})*{y1}*{a2}"}, "a missing factor"),
    "unit": ({"g7": "{do2}*{a2}"}, "the other unit's value"),
    "plus": ({"w3": "{-w3}+{eta}*{-g3}"}, "a sign"),
    "gradient": ({"w8": "{-w8}-{eta}*{-g7}"}, "another weight's gradient"),
    "brackets": ({"a1": "1/1+EXP(-{h1})"}, "not the sigmoid"),
}  # fmt: skip


def make(path: Path, habit: str, wrong: dict[str, str] | None = None) -> None:
    """Write a workbook in somebody's habit."""
    hand = Hand(path, wrong or {})
    HABITS[habit](hand)
    hand.book.close()
