"""A planned worksheet written as .xlsx: named cells, formulas with their values, and charts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import groupby
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter
import xlsxwriter.worksheet
from xlsxwriter.utility import quote_sheetname, xl_col_to_name

from sweep.course.expression import Quantity
from sweep.course.languages import Cells, Text
from sweep.course.symbols import cell_name
from sweep.course.worksheet import STEP, Column, H, Plan, Trial, plan_worksheet
from sweep.errors import RequestError
from sweep.store.export import EXCEL_OPTIONS, EXCEL_ROWS
from sweep.store.files import complete, refuse_place, told
from sweep.study import Study, checks, files_of, load_study
from sweep.study.checks import asked, integer

START, COMPARED = "Start", "Compare"
TOLERANCE = 1e-8
"""A gap above this is marked: some hundred times what is expected of a right gradient."""

_TOP, _GRAPH = 6, 2  # the first row of numbers, and the column that the graph stands in
_COLORS = ("#440154", "#3b528b", "#21918c", "#2fb47c", "#8fd744", "#c8460b")
_PRINTED, _PAGE = 58, 179  # percent of the size, and characters that a landscape page takes then
_NUMBER, _STEP, _CHART = 13, 7, 80  # characters that a column is wide
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
    "trial": {"bold": True, "align": "center", "bottom": 1, "text_wrap": True},
    "words": {"text_wrap": True, "valign": "top", "font_size": 8, "font_color": "#59636e"},
    "input": _YELLOW,
    "tiny": _YELLOW | {"num_format": "0.0##E+00"},
    "number": {"num_format": "0.000000000"},
    "small": {"num_format": "0.00E+00"},
    "wrong": {"bg_color": "#f3b9a6"},
}


class _Sheet(xlsxwriter.worksheet.Worksheet):  # type: ignore[misc]
    """A sheet that takes formulas as they are: none has a function that came after Excel 2007.

    The parent searches each for 28 names of such, which takes ten times as long as all the rest.
    """

    def _prepare_formula(self, formula: str, _expand: bool = False) -> str:
        return formula.removeprefix("=")


@dataclass(frozen=True)
class Worksheet:
    """A spreadsheet that was written: where, with how many sheets of trials, of how many steps."""

    file: Path
    sheets: int
    steps: int


def worksheet(
    study: str | Path | Study,
    file: str | Path | None = None,
    *,
    steps: int | None = None,
    trial: Sequence[str] = (),
    overrides: Sequence[str] = (),
) -> Worksheet:
    """Write a study as a spreadsheet with live formulas, a sheet a trial.

    Args:
        study: a study file, or the bare name of a known study; nothing need be trained.
        file: ends in .xlsx; by default the study's name with this ending.
        steps: how many; by default the study's, at most 200.
        trial: of which trials, such as "learning_rate=0.5"; by default all.
        overrides: change fields, as "training.steps=200".

    Raises:
        RequestError: there is no such study, it cannot be a worksheet, or cannot be written there.
    """
    steps = None if steps is None else asked("steps", integer(1, EXCEL_ROWS), steps)
    wanted = load_study(study, overrides)
    path = asked("file", checks.path, f"{wanted.name}.xlsx" if file is None else file)
    if path.suffix != ".xlsx":
        raise RequestError(f'{path}: the ending must be .xlsx, not "{path.suffix}"')
    refuse_place(path, "worksheet", files_of(wanted.origin, overrides))
    plan = plan_worksheet(wanted, steps, trial)
    with told(f"{path}: cannot be written", RequestError):
        write_workbook(plan, path)
    return Worksheet(path, len(plan.trials), plan.steps)


def write_workbook(plan: Plan, path: Path) -> None:
    """Write a worksheet to `path`, whole or not at all.

    Raises:
        OSError: it cannot be written there.
    """
    made = BytesIO()
    book = xlsxwriter.Workbook(made, EXCEL_OPTIONS | {"in_memory": True})
    book.set_properties({"comments": "sweep worksheet"})
    book.set_calc_mode("auto")
    _Writer(book, plan).write()
    book.close()
    with complete(path) as temporary:
        temporary.write_bytes(made.getbuffer())


@dataclass
class _Writer:
    """The workbook on its way."""

    book: Any
    plan: Plan
    formats: dict[str, Any] = field(init=False)

    def write(self) -> None:
        self.formats = {name: self.book.add_format(made) for name, made in _FORMATS.items()}
        self._start()
        compared = self._sheet(COMPARED)
        for number, trial in enumerate(self.plan.trials, start=1):
            self._trial(trial, number)
        self._compare(compared)

    def _sheet(self, name: str) -> Any:
        """A new sheet that prints on landscape pages, the columns at the left on each of them."""
        sheet = self.book.add_worksheet(name, _Sheet)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=0.4, right=0.4, top=0.4, bottom=0.55)
        sheet.set_print_scale(_PRINTED)
        sheet.print_across()
        title = self.plan.title.replace("&", "&&")[:100]
        sheet.set_footer(f"&L{title}&C&A&Rpage &P of &N")
        return sheet

    # The first sheet: what can be changed

    def _start(self) -> None:
        sheet, plan, formats = self._sheet(START), self.plan, self.formats
        trials, text = plan.trials, Text(plan.notation, 9)
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 1 + len(trials), _NUMBER + 1)
        sheet.write_string(0, 0, plan.title, formats["title"])
        note = "Yellow cells can be changed: every other number, heading and legend follows."
        sheet.write_string(1, 0, note, formats["note"])
        row = 3
        for title, kinds in (
            ("Inputs", ("input",)), ("Targets", ("target",)),
            ("Initial weights", ("weight", "bias")), ("Multipliers", ("multiplier",)),
        ):  # fmt: skip
            given = {
                text.write(q): [(cell_name(plan.notation, q), value)]
                for q, value in plan.given.items()
                if q.kind in kinds
            }
            row = self._inputs(sheet, row, title, [""], given) if given else row
        own = {
            text.write(q): [(self._own(q, n), one.settings[q]) for n, one in enumerate(trials, 1)]
            for q in trials[0].settings
        }
        row = self._inputs(sheet, row, "Rates and settings", [t.name for t in trials], own)
        check = {"h": [("h_check", STEP)], "gap that is marked": [("gap_marked", TOLERANCE)]}
        row = self._inputs(sheet, row, "Check of the gradients", [""], check) - 1
        for at, line in enumerate(_CHECK, start=row):
            sheet.write_string(at, 0, line, formats["note"])
        sheet.freeze_panes(3, 0)
        sheet.print_area(0, 0, row + len(_CHECK) - 1, max(len(trials), 7))
        _break_pages(sheet, [26, *[_NUMBER + 1] * max(len(trials), 7)], {})

    def _inputs(
        self,
        sheet: Any,
        row: int,
        title: str,
        headings: Sequence[str],
        rows: Mapping[str, Sequence[tuple[str, float]]],
    ) -> int:
        """Named yellow cells under a title; the row after them, one left free."""
        for at, words in enumerate((title, *headings)):
            sheet.write_string(row, at, words, self.formats["part"])
        for at, (words, cells) in enumerate(rows.items(), start=row + 1):
            sheet.write_string(at, 0, words)
            for column, (name, value) in enumerate(cells, start=1):
                form = self.formats["input" if abs(value) >= 1e-4 or value == 0 else "tiny"]
                sheet.write_number(at, column, value, form)
                self.book.define_name(name, f"={START}!${xl_col_to_name(column)}${at + 1}")
        return row + len(rows) + 2

    def _own(self, q: Quantity, number: int) -> str:
        """The name of a trial's own rate or setting."""
        name = cell_name(self.plan.notation, q)
        return name if len(self.plan.trials) == 1 else f"{name}_{number}"

    # A sheet for each trial

    def _trial(self, trial: Trial, number: int) -> None:
        sheet = self._sheet(trial.name)
        # Columns stand behind the step, and the graph behind the first one.
        placed = {at + 1 + (at > 0): column for at, column in enumerate(self.plan.columns)}
        last = self._headings(sheet, placed, trial, number)
        refer = self._referring({one.key: at for at, one in placed.items()}, trial, number)
        sheet.write_number(_TOP, 0, 0)
        for row in range(_TOP + 1, _TOP + self.plan.steps + 1):
            sheet.write_formula(row, 0, f"=A{row}+1", None, row - _TOP)
        for place, column in placed.items():
            self._fill(sheet, place, column, trial, refer)
        sheet.freeze_panes(_TOP, 2)
        sheet.repeat_rows(2, 4)
        sheet.print_area(0, 0, _TOP + self.plan.steps, last)
        size = {"width": 560, "height": 330}
        sheet.insert_chart(_TOP, _GRAPH, self._chart([trial], size), {"x_offset": 6, "y_offset": 6})

    def _headings(self, sheet: Any, placed: Mapping[int, Column], trial: Trial, number: int) -> int:
        """What stands above the numbers; the last column that is printed, before the checks."""
        formats = self.formats
        # The title says the numbers of some cells, in six digits.
        told = [(words, self._own(q, number)) for q, words in self.plan.telling.items()]
        six = "IF({0}=0,0,ROUND({0},5-INT(LOG10(ABS({0})))))"
        title = "=" + '&", "&'.join(f'"{words} "&{six.format(name)}' for words, name in told)
        sheet.write_formula(0, 1, title, formats["title"], self.plan.heading(trial))
        note = f"Rates and weights are on the sheet {START}. Under each heading: its formula."
        sheet.write_string(1, 1, note, formats["note"])
        sheet.set_row(4, 72)
        sheet.set_column(0, 0, _STEP)
        sheet.set_column(1, max(placed), _NUMBER)
        sheet.set_column(_GRAPH, _GRAPH, _CHART)
        sheet.write_string(3, 0, "step", formats["head"])
        starts = []
        for part, group in groupby(placed, lambda place: placed[place].part):
            start, *others = group
            if others:
                sheet.merge_range(2, start, 2, others[-1], "", formats["part"])
            sheet.write_string(2, start, part, formats["part"])
            starts.append(start)
        for place, column in placed.items():
            sheet.write_string(3, place, column.title, formats["head"])
            sheet.write_string(4, place, column.words, formats["words"])
        widths = [_STEP, _NUMBER, _CHART, *[_NUMBER] * (starts[-1] - 3)]
        _break_pages(sheet, widths, dict.fromkeys(starts[1:-1], 1))
        return starts[-1] - 1

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
            after = q.about(f"next_{q.kind}")
            if after in places:
                return f"{xl_col_to_name(places[after])}{{p}}"
            return own.get(self.plan.notation(q)) or cell_name(self.plan.notation, q)

        return refer

    def _fill(
        self, sheet: Any, place: int, column: Column, trial: Trial, refer: Callable[[Quantity], str]
    ) -> None:
        def first(q: Quantity) -> str:
            """In the first row, where an optimizer has kept nothing yet."""
            text = refer(q)
            return "0" if "{p}" in text else text.replace("{r}", str(_TOP + 1))

        values = trial.values[column.key].tolist()
        formula = Cells(refer).write(column.formula)
        small = column.gap or float(np.abs(values).max()) < 1e-3
        form = self.formats["small" if small else "number"]
        for at, value in enumerate(values):
            row = _TOP + at
            r = row if column.before else row + 1  # as people count; of the row before if so meant
            text = formula.replace("{r}", str(r)).replace("{p}", str(r - 1))
            if at == 0 and column.before:
                text = cell_name(self.plan.notation, column.key)
            elif at == 0:
                text = Cells(first).write(column.formula)
            sheet.write_formula(row, place, f"={text}", form, value)
        if column.gap:
            wrong = {"type": "cell", "criteria": ">", "value": "gap_marked"}
            wrong["format"] = self.formats["wrong"]
            sheet.conditional_format(_TOP, place, _TOP + len(values) - 1, place, wrong)

    # All of them beside each other

    def _compare(self, sheet: Any) -> None:
        plan, formats, trials = self.plan, self.formats, self.plan.trials
        sheet.write_string(0, 1, plan.title, formats["title"])
        sheet.write_string(2, 1, "E_T by step", formats["part"])
        sheet.write_string(3, 0, "step", formats["head"])
        sheet.set_row(3, 32)
        sheet.set_column(0, 0, _STEP)
        sheet.set_column(1, len(trials), _NUMBER + 3)
        for number, trial in enumerate(trials, start=1):
            its = f"={quote_sheetname(trial.name)}!B"
            sheet.write_formula(3, number, f"{its}1", formats["trial"], plan.heading(trial))
            for at, value in enumerate(trial.values[Quantity("loss")].tolist()):
                cell = f"{its}{_TOP + at + 1}"
                sheet.write_formula(4 + at, number, cell, formats["number"], value)
        for at in range(plan.steps + 1):
            sheet.write_number(4 + at, 0, at)
        sheet.freeze_panes(4, 1)
        sheet.repeat_rows(3)
        size, right = {"width": 760, "height": 400}, len(trials) + 2
        sheet.insert_chart(3, right, self._chart(trials, size))
        sheet.insert_chart(24, right, self._chart(trials, size, log=True))
        sheet.print_area(0, 0, max(4 + plan.steps, 45), right + 12)
        widths = [_STEP, *[_NUMBER + 3] * len(trials)]
        _break_pages(sheet, [*widths, 0, *[9] * 13], {right: 13})

    def _chart(self, trials: Sequence[Trial], size: Mapping[str, int], *, log: bool = False) -> Any:
        chart = self.book.add_chart({"type": "scatter", "subtype": "straight"})
        last = _TOP + self.plan.steps
        for at, trial in enumerate(trials):
            color = _COLORS[at * (len(_COLORS) - 1) // max(len(trials) - 1, 1)]
            chart.add_series(
                {
                    "name": [trial.name, 0, 1] if len(trials) > 1 else "E_T",
                    "categories": [trial.name, _TOP, 0, last, 0],
                    "values": [trial.name, _TOP, 1, last, 1],
                    "line": {"color": color, "width": 1.75},
                }
            )
        title = f"E_T by step{', on a logarithmic axis' * log}"
        chart.set_title({"name": title, "name_font": {"size": 11}})
        chart.set_x_axis({"name": "step", "min": 0, "max": self.plan.steps})
        vertical: dict[str, Any] = {"name": "E_T", "major_gridlines": {"visible": True}}
        chart.set_y_axis(vertical | ({"log_base": 10, "crossing": "min"} if log else {"min": 0}))
        chart.set_legend({"position": "right"} if len(trials) > 1 else {"none": True})
        chart.set_size(size)
        return chart


def _break_pages(sheet: Any, widths: Sequence[int], parts: Mapping[int, int]) -> None:
    """End pages before columns that no more fit, and before parts that would not fit whole.

    A part begins at its key and ends at the next; one of several pages is spread evenly over them,
    and so many columns as it says stay together. Where there are several pages, the first column is
    on each.
    """
    first = min(parts, default=len(widths))
    found, used, blocks = list[int](), 0, [(at, at + 1) for at in range(first)]
    for (start, together), end in zip(parts.items(), [*parts, len(widths)][1:], strict=True):
        pages = ceil(sum(widths[start:end]) / (_PAGE - widths[0]))
        each = ceil((end - start) / pages)
        each = max(each - each % together, together)
        blocks += [(at, min(at + each, end)) for at in range(start, end, each)]
    for start, end in blocks:
        width = sum(widths[start:end])
        if start and used + width > _PAGE:
            found.append(start)
            used = widths[0]
        used += width
    if found:
        sheet.set_v_pagebreaks(found)
        sheet.repeat_columns(0)
