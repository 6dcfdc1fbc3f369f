"""A planned worksheet written as .xlsx: named cells, formulas with their values, and charts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter
import xlsxwriter.worksheet
from xlsxwriter.utility import xl_col_to_name

from sweep.course.expression import Quantity
from sweep.course.languages import Cells, Text
from sweep.course.sheet_columns import STEP, Column, H
from sweep.course.symbols import Derivative, Notation
from sweep.course.worksheet import Plan, Trial
from sweep.store.export import EXCEL_OPTIONS
from sweep.store.files import complete

START, COMPARED = "Start", "Compare"
TOLERANCE = 1e-8
"""A gap above this is marked: some hundred times what is expected of a right gradient."""

_TOP, _GRAPH = 6, 2  # the first row of numbers, and the column that the graph stands in
_COLORS = ("#440154", "#3b528b", "#21918c", "#2fb47c", "#8fd744", "#c8460b")
_CHECK = """\
The last columns of each sheet compute E_T anew, from the inputs on, with one weight moved by h up
and down, and compare (E_T(w + h) − E_T(w − h)) / 2h with the derivative. They differ by about h² of
the third derivative and by rounding, 10⁻¹⁶ E_T / h: some 10⁻¹¹ in all. A wrong derivative is off by
far more, and is marked red.""".splitlines()
_YELLOW = {"bg_color": "#fff7d6", "border": 1, "border_color": "#d5c98a"}
_FORMATS = {
    "title": {"bold": True, "font_size": 14},
    "note": {"font_color": "#59636e"},
    "part": {"bold": True, "bg_color": "#e6e8eb", "border": 1, "border_color": "#ffffff"},
    "head": {"bold": True, "align": "center", "bottom": 1},
    "words": {"text_wrap": True, "valign": "top", "font_size": 8, "font_color": "#59636e"},
    "input": _YELLOW,
    "tiny": {
        "bg_color": "#fff7d6",
        "border": 1,
        "border_color": "#d5c98a",
        "num_format": "0.0##E+00",
    },
    "number": {"num_format": "0.000000000"},
    "small": {"num_format": "0.00E+00"},
    "wrong": {"bg_color": "#f3b9a6"},
}


_GREEK = {
    "η": "eta",
    "μ": "momentum",
    "α": "alpha",
    "β": "beta",
    "ε": "epsilon",
    "λ": "decay",
    "c": "clip",
}


def cell_name(notation: Notation, quantity: Quantity) -> str:
    """The name of a given number's cell: W_5, since W5 is a cell of its own; I_1_s2 of sample 2.

    Raises:
        TypeError: the quantity is a derivative, which has a column and no name.
    """
    glyph = notation(quantity)
    if isinstance(glyph, Derivative):
        raise TypeError(f"{quantity}: has no name")
    parts = [_GREEK.get(glyph.base, glyph.base), *glyph.below.split(",")]
    parts += [f"s{glyph.above.strip('()')}"] * bool(glyph.above)
    return "_".join(part for part in parts if part)


class _Sheet(xlsxwriter.worksheet.Worksheet):  # type: ignore[misc]
    """A sheet that takes formulas as they are: none has a function that came after Excel 2007.

    The parent searches each for 28 names of such, which takes ten times as long as all the rest.
    """

    def _prepare_formula(self, formula: str, _expand: bool = False) -> str:
        return formula.removeprefix("=")


def write_workbook(plan: Plan, path: Path) -> None:
    """Write a worksheet to `path`, whole or not at all.

    Raises:
        OSError: it cannot be written there.
    """
    with complete(path) as temporary:
        book = xlsxwriter.Workbook(str(temporary), EXCEL_OPTIONS)
        book.set_calc_mode("auto")
        _Writer(book, plan).write()
        book.close()


@dataclass
class _Writer:
    """The workbook on its way."""

    book: Any
    plan: Plan

    def write(self) -> None:
        self.formats = {name: self.book.add_format(made) for name, made in _FORMATS.items()}
        self.text = Text(self.plan.notation, 9)
        self._start()
        compared = self.book.add_worksheet(COMPARED)
        for number, trial in enumerate(self.plan.trials, start=1):
            self._sheet(trial, number)
        self._compare(compared)

    # The first sheet: what can be changed

    def _start(self) -> None:
        sheet, plan = self.book.add_worksheet(START), self.plan
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 1 + len(plan.trials), 16)
        sheet.write_string(0, 0, plan.title, self.formats["title"])
        sheet.write_string(
            1, 0, "Yellow cells can be changed: every other number follows.", self.formats["note"]
        )
        row = 3
        for title, kinds in (
            ("Inputs", ("input",)), ("Targets", ("target",)),
            ("Initial weights", ("weight", "bias")), ("Multipliers", ("multiplier",)),
        ):  # fmt: skip
            given = {q: v for q, v in plan.given.items() if q.kind in kinds}
            row = self._listed(sheet, row, title, given) if given else row
        sheet.write_string(row, 0, "Rates and settings", self.formats["part"])
        for number, trial in enumerate(plan.trials, start=1):
            sheet.write_string(row, number, trial.name, self.formats["part"])
        for at, q in enumerate(plan.trials[0].settings, start=row + 1):
            sheet.write_string(at, 0, self.text.write(q))
            for number, trial in enumerate(plan.trials, start=1):
                self._input(sheet, at, number, trial.settings[q], self._own(q, number))
        row += len(plan.trials[0].settings) + 2
        self._check(sheet, row)
        sheet.freeze_panes(3, 0)

    def _listed(self, sheet: Any, row: int, title: str, given: Mapping[Quantity, float]) -> int:
        sheet.write_string(row, 0, title, self.formats["part"])
        sheet.write_string(row, 1, "", self.formats["part"])
        for at, (q, value) in enumerate(given.items(), start=row + 1):
            sheet.write_string(at, 0, self.text.write(q))
            self._input(sheet, at, 1, value, cell_name(self.plan.notation, q))
        return row + len(given) + 2

    def _check(self, sheet: Any, row: int) -> None:
        sheet.write_string(row, 0, "Check of the gradients", self.formats["part"])
        sheet.write_string(row, 1, "", self.formats["part"])
        sheet.write_string(row + 1, 0, "h")
        self._input(sheet, row + 1, 1, STEP, "h_check")
        sheet.write_string(row + 2, 0, "gap that is marked")
        self._input(sheet, row + 2, 1, TOLERANCE, "gap_marked")
        for at, note in enumerate(_CHECK, start=row + 3):
            sheet.write_string(at, 0, note, self.formats["note"])

    def _input(self, sheet: Any, row: int, column: int, value: float, name: str) -> None:
        form = self.formats["input" if abs(value) >= 1e-4 or value == 0 else "tiny"]
        sheet.write_number(row, column, value, form)
        cell = f"${xl_col_to_name(column)}${row + 1}"
        self.book.define_name(name, f"={START}!{cell}")

    def _own(self, q: Quantity, number: int) -> str:
        """The name of a trial's own rate or setting."""
        name = cell_name(self.plan.notation, q)
        return name if len(self.plan.trials) == 1 else f"{name}_{number}"

    # A sheet for each trial

    def _sheet(self, trial: Trial, number: int) -> None:
        sheet, columns = self.book.add_worksheet(trial.name, _Sheet), self.plan.columns
        places = {column.key: self._place(at) for at, column in enumerate(columns)}
        self._headings(sheet, trial)
        refer = self._referring(places, trial, number)
        sheet.write_number(_TOP, 0, 0)
        for row in range(_TOP + 1, _TOP + self.plan.steps + 1):
            sheet.write_formula(row, 0, f"=A{row}+1", None, row - _TOP)
        for at, column in enumerate(columns):
            self._fill(sheet, self._place(at), column, trial, refer)
        sheet.freeze_panes(_TOP, 2)
        size = {"width": 560, "height": 330}
        sheet.insert_chart(_TOP, _GRAPH, self._chart([trial], size), {"x_offset": 6, "y_offset": 6})

    @staticmethod
    def _place(at: int) -> int:
        """The sheet's column of a column: behind the step, with the graph after the first one."""
        return at + 1 + (at > 0)

    def _headings(self, sheet: Any, trial: Trial) -> None:
        formats = self.formats
        sheet.write_string(0, 0, trial.title, formats["title"])
        note = f"Rates and weights are on the sheet {START}. Under each heading: its formula."
        sheet.write_string(1, 0, note, formats["note"])
        sheet.set_row(4, 72)
        sheet.set_column(0, 0, 7)
        sheet.set_column(1, self._place(len(self.plan.columns)), 15)
        sheet.set_column(_GRAPH, _GRAPH, 80)
        sheet.write_string(3, 0, "step", formats["head"])
        place = 1
        for part, group in groupby(self.plan.columns, lambda column: column.part):
            members = list(group)
            end = place + len(members) - 1
            if end > place:
                sheet.merge_range(2, place, 2, end, "", formats["part"])
            sheet.write_string(2, place, part, formats["part"])
            place = end + 1 + (place == 1)
        for at, column in enumerate(self.plan.columns):
            sheet.write_string(3, self._place(at), column.title, formats["head"])
            sheet.write_string(4, self._place(at), column.words, formats["words"])

    def _referring(
        self, places: Mapping[Quantity, int], trial: Trial, number: int
    ) -> Callable[[Quantity], str]:
        """Where quantities are; {r} is the row, {p} the one before."""
        own = {self.plan.notation(q): self._own(q, number) for q in trial.settings}

        def refer(q: Quantity) -> str:
            if q in places:
                return f"{xl_col_to_name(places[q])}{{r}}"
            if q == H:
                return "h_check"
            if q.kind == "updates":
                return "(A{r}+1)"
            after = Quantity(f"next_{q.kind}", q.layer, q.to, q.origin)
            if after in places:
                return f"{xl_col_to_name(places[after])}{{p}}"
            return own.get(self.plan.notation(q)) or cell_name(self.plan.notation, q)

        return refer

    def _fill(
        self,
        sheet: Any,
        place: int,
        column: Column,
        trial: Trial,
        refer: Callable[[Quantity], str],
    ) -> None:
        values = trial.values[column.key].tolist()
        formula = Cells(refer).write(column.formula)
        small = column.gap or float(np.abs(values).max()) < 1e-3
        form = self.formats["small" if small else "number"]
        first = f"={cell_name(self.plan.notation, column.key)}" if column.before else ""
        for at, value in enumerate(values):
            row = _TOP + at
            r = row if column.before else row + 1  # as people count; of the row before if so meant
            text = f"={formula.replace('{r}', str(r)).replace('{p}', str(r - 1))}"
            if at == 0:
                text = first or self._without_past(column, refer)
            sheet.write_formula(row, place, text, form, value)
        if column.gap:
            rule = {
                "type": "cell",
                "criteria": ">",
                "value": "gap_marked",
                "format": self.formats["wrong"],
            }
            sheet.conditional_format(_TOP, place, _TOP + len(values) - 1, place, rule)

    @staticmethod
    def _without_past(column: Column, refer: Callable[[Quantity], str]) -> str:
        """The formula in the first row, where an optimizer has kept nothing yet."""

        def first(q: Quantity) -> str:
            text = refer(q)
            return "0" if "{p}" in text else text.replace("{r}", str(_TOP + 1))

        return f"={Cells(first).write(column.formula)}"

    # All of them beside each other

    def _compare(self, sheet: Any) -> None:
        plan, formats = self.plan, self.formats
        sheet.write_string(0, 0, plan.title, formats["title"])
        sheet.write_string(2, 0, "E_T by step", formats["part"])
        sheet.write_string(3, 0, "step", formats["head"])
        sheet.set_column(0, 0, 12)
        sheet.set_column(1, len(plan.trials), 15)
        loss = Quantity("loss")
        for number, trial in enumerate(plan.trials, start=1):
            sheet.write_string(3, number, trial.name, formats["head"])
            for at, value in enumerate(trial.values[loss].tolist()):
                cell = f"={_quoted(trial.name)}!B{_TOP + at + 1}"
                sheet.write_formula(4 + at, number, cell, formats["number"], value)
        for at in range(plan.steps + 1):
            sheet.write_number(4 + at, 0, at)
        sheet.freeze_panes(4, 1)
        size = {"width": 760, "height": 400}
        right = len(plan.trials) + 2
        sheet.insert_chart(3, right, self._chart(plan.trials, size))
        sheet.insert_chart(24, right, self._chart(plan.trials, size, log=True))

    def _chart(self, trials: Sequence[Trial], size: Mapping[str, int], *, log: bool = False) -> Any:
        chart, last = self.book.add_chart({"type": "line"}), _TOP + self.plan.steps
        for at, trial in enumerate(trials):
            color = _COLORS[at * (len(_COLORS) - 1) // max(len(trials) - 1, 1)]
            chart.add_series(
                {
                    "name": [trial.name, 0, 0] if len(trials) > 1 else "E_T",
                    "categories": [trial.name, _TOP, 0, last, 0],
                    "values": [trial.name, _TOP, 1, last, 1],
                    "line": {"color": color, "width": 1.75},
                }
            )
        chart.set_title({"name": "E_T by step", "name_font": {"size": 11}})
        chart.set_x_axis({"name": "step", "interval_unit": max(1, self.plan.steps // 10)})
        vertical: dict[str, Any] = {"name": "E_T", "major_gridlines": {"visible": True}}
        chart.set_y_axis(vertical | ({"log_base": 10, "crossing": "min"} if log else {"min": 0}))
        chart.set_legend({"position": "right"} if len(trials) > 1 else {"none": True})
        chart.set_size(size)
        return chart


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
