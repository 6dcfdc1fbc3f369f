"""The worksheet, computed anew by a spreadsheet program and compared with the kernel."""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import xlsxwriter.worksheet
from openpyxl.utils import range_boundaries

from sweep.course.expression import Quantity
from sweep.course.languages import Cells
from sweep.course.workbook import write_workbook
from sweep.course.worksheet import Plan, plan_worksheet
from sweep.errors import RequestError
from sweep.study import Study
from sweep.training.trainer import train

from ..test_cli import refused, sweep
from . import studies

OFFICE = shutil.which("soffice")
needs_office = pytest.mark.skipif(
    OFFICE is None, reason="LibreOffice computes the sheet; none here"
)

STUDIES = {
    "course": (studies.course("lr_graphs"), 20),
    "half": (studies.course("lr_graphs_half", "axes.learning_rate=[0.5, 2.0]"), 12),
    "biases": (studies.course("step_by_step"), 10),
    "adam": (studies.small("gelu", "sigmoid", "binary_cross_entropy", "adam"), 6),
    "softmax": (
        studies.small("elu", "softmax", "softmax_cross_entropy", "nesterov", 0.1, "0.2"), 6,
    ),
}  # fmt: skip


def planned(name: str) -> Plan:
    return plan_worksheet(*STUDIES[name])


def computed(path: Path, edited: tuple[str, str] = ("", "")) -> Any:
    """The workbook with every formula computed by LibreOffice: no value that we wrote is left.

    Of the first sheet, one number may be `edited` before.
    """
    bare, folder = path.with_name("bare.xlsx"), path.parent / "computed"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(bare, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.startswith("xl/worksheets/sheet"):
                content = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1", content)
                assert not re.search(rb"</f><v>", content)
            if name == "xl/worksheets/sheet1.xml" and edited[0]:
                old, new = (f"<v>{number}</v>".encode() for number in edited)
                assert content.count(old) == 1
                content = content.replace(old, new)
            target.writestr(name, content)
    subprocess.run(
        [
            str(OFFICE), "--headless", f"-env:UserInstallation=file://{path.parent}/profile",
            "--convert-to", "xlsx", "--outdir", str(folder), str(bare),
        ],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    return openpyxl.load_workbook(folder / bare.name, data_only=True)


def cells(sheet: Any, plan: Plan) -> dict[Quantity, np.ndarray]:
    """The columns of a trial's sheet, (steps + 1,) each."""
    rows = np.array(
        [
            [np.nan if cell is None else cell for cell in row]
            for row in sheet.iter_rows(min_row=7, values_only=True)
        ],
        np.float64,
    )
    assert rows[:, 0].tolist() == list(range(plan.steps + 1))
    place = [at + 1 + (at > 0) for at in range(len(plan.columns))]
    return {column.key: rows[:, at] for column, at in zip(plan.columns, place, strict=True)}


@pytest.mark.quick("course", "half", "biases", "adam")
@pytest.mark.parametrize("name", list(STUDIES))
def test_no_formula_needs_what_the_sheets_leave_out(name: str) -> None:
    """XlsxWriter marks functions that came after Excel 2007; our sheets skip the search."""
    for column in planned(name).columns:
        formula = Cells(lambda q: "A1").write(column.formula)
        assert xlsxwriter.worksheet.Worksheet()._prepare_formula(f"={formula}") == formula


@needs_office
@pytest.mark.check
@pytest.mark.parametrize("name", list(STUDIES))
def test_libreoffice_computes_the_kernels_numbers(name: str, tmp_path: Path) -> None:
    """Every cell of every step to 1e-12.

    Relative, but for what sums of larger terms cancel to (1e-16, a rounding of 1), and for what is
    made of differences of losses: a rounding of the loss over h = 1e-5, some 1e-11.
    """
    plan, path = planned(name), tmp_path / "sheet.xlsx"
    write_workbook(plan, path)
    book = computed(path)
    for trial in plan.trials:
        found = cells(book[trial.name], plan)
        for column in plan.columns:
            check = column.key.kind.startswith(("quotient", "gap"))
            np.testing.assert_allclose(
                found[column.key],
                trial.values[column.key],
                rtol=0 if check else 1e-12,
                atol=3e-10 if check else 1e-16,
                err_msg=f"{trial.name}: {column.title}",
            )
            if column.gap:
                assert found[column.key].max() < 1e-8


@needs_office
@pytest.mark.check
def test_headings_and_legends_follow_an_edited_rate(tmp_path: Path) -> None:
    path = tmp_path / "sheet.xlsx"
    write_workbook(
        plan_worksheet(studies.course("lr_graphs", "axes.learning_rate=[0.7, 2]"), 3), path
    )
    before, after = (computed(path, edited) for edited in (("", ""), ("0.7", "3.25")))
    for book, heading in ((before, "learning rate 0.7"), (after, "learning rate 3.25")):
        assert [book["Trial 1"]["B1"].value, book["Compare"]["B4"].value] == [heading] * 2
        assert book["Trial 2"]["B1"].value == book["Compare"]["C4"].value == "learning rate 2"
        series = [chart.series[0].tx.strRef.f for chart in book["Compare"]._charts]
        assert [name.replace("$", "").replace("'", "") for name in series] == ["Trial 1!B1"] * 2
    losses = [book["Trial 1"]["B8"].value for book in (before, after)]
    assert losses[0] != losses[1]


def told(study: Study) -> list[str]:
    """The headings of the sheets."""
    plan = plan_worksheet(study, 2)
    return [plan.heading(trial) for trial in plan.trials]


def test_headings_say_what_tells_trials_apart() -> None:
    small = ("axes.learning_rate=[0.1, 0.25]",)
    assert told(studies.small(overrides=small)) == ["learning rate 0.1", "learning rate 0.25"]
    assert told(studies.small()) == ["learning rate 0.1"]
    momentum = ("axes.momentum=[0.5, 0.9]",)
    found = told(studies.small(optimizer="momentum", overrides=momentum))
    assert found == ["momentum 0.5", "momentum 0.9"]
    layers = ("training.learning_rate=[0.1, 0.5]",)
    found = told(studies.small(overrides=layers))
    assert found == ["learning rate η1 = 0.1, learning rate η2 = 0.5"]
    assert told(studies.course("step_by_step")) == ["learning rate 0.5"]


def test_it_prints_on_pages_that_can_be_read(tmp_path: Path) -> None:
    """Landscape, with headings and step on each page, a part of the derivation a page."""
    path = tmp_path / "sheet.xlsx"
    write_workbook(planned("course"), path)
    book = openpyxl.load_workbook(path)
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.print_area
        assert sheet.oddFooter.right.text == "page &P of &N"
    sheet = book["Trial 1"]
    assert (sheet.print_title_rows, sheet.print_title_cols) == ("$3:$5", "$A:$A")
    parts = [cell.column - 1 for cell in sheet[3] if cell.value]
    breaks = [one.id for one in sheet.col_breaks.brk]
    assert set(parts[2:-1]) <= set(breaks)
    assert max(np.diff([*breaks, parts[-1]])) <= 12
    (_, _, last, _) = range_boundaries(sheet.print_area.partition("!")[2])
    assert last == parts[-1]  # the checks are left to the screen


def test_charts_have_titles_on_both_axes(tmp_path: Path) -> None:
    path = tmp_path / "sheet.xlsx"
    write_workbook(planned("half"), path)
    charts = [chart for sheet in openpyxl.load_workbook(path) for chart in sheet._charts]
    assert len(charts) == 4
    for chart in charts:
        for axis, words in ((chart.x_axis, "step"), (chart.y_axis, "E_T")):
            assert axis.title.tx.rich.p[0].r[0].t == words


def test_some_trials_are_chosen() -> None:
    study = studies.course("lr_graphs", 'axes.training.optimizer=["adam", "sgd"]')
    with pytest.raises(RequestError, match=r"choose one: --trial training\.optimizer=adam"):
        plan_worksheet(study, 2)
    plan = plan_worksheet(study, 2, ["training.optimizer=sgd", "learning_rate=0.5"])
    assert [plan.heading(trial) for trial in plan.trials] == ["learning rate 0.5"]
    assert [trial.name for trial in plan.trials] == ["Trial 1"]


@pytest.mark.soak
@needs_office
@pytest.mark.check
def test_a_thousand_steps_agree_to_twelve_digits(tmp_path: Path) -> None:
    """Relative, in every cell but the differences of losses, which lose digits."""
    study = studies.course("lr_graphs", "axes.learning_rate=[0.5, 2.0]")
    plan, path = plan_worksheet(study, 1000), tmp_path / "sheet.xlsx"
    write_workbook(plan, path)
    book = computed(path)
    for trial in plan.trials:
        found = cells(book[trial.name], plan)
        for column in plan.columns:
            if not column.key.kind.startswith(("quotient", "gap")):
                expected = trial.values[column.key]
                np.testing.assert_allclose(found[column.key], expected, rtol=1e-12)


@pytest.mark.quick("course", "half", "biases", "adam")
@pytest.mark.parametrize("name", list(STUDIES))
def test_what_is_shown_without_computing_is_the_kernels(name: str) -> None:
    """Parameters to the bit; losses to some ulp, for NumPy sums in another order."""
    study, steps = STUDIES[name]
    plan, (group,) = planned(name), study.groups()
    trained = train(group, np.arange(group.trials))
    names = [column.key for column in plan.columns if column.before]
    for at, trial in enumerate(plan.trials):
        losses = trained.losses[at, : steps + 1]
        np.testing.assert_allclose(trial.values[Quantity("loss")], losses, rtol=1e-13)
        if name in ("adam", "softmax"):  # they keep every step's parameters
            kept = trained.parameters[at, : steps + 1].T
            assert np.array_equal([trial.values[q] for q in names], kept)


def test_named_cells_charts_and_text(tmp_path: Path) -> None:
    plan, path = planned("course"), tmp_path / "sheet.xlsx"
    write_workbook(plan, path)
    book = openpyxl.load_workbook(path)
    assert {"I_1", "T_2", "W_1", "W_8", "eta_1", "eta_6", "h_check"} <= set(book.defined_names)
    assert book.sheetnames[:3] == ["Start", "Compare", "Trial 1"]
    assert len(book.sheetnames) == 8
    assert len(book["Compare"]._charts) == 2
    for trial in plan.trials:
        assert len(book[trial.name]._charts) == 1
        assert book[trial.name].freeze_panes == "C7"
    sheet = book["Trial 3"]
    row = {sheet.cell(4, at).value: sheet.cell(8, at).value for at in range(1, sheet.max_column)}
    first = {sheet.cell(4, at).value: sheet.cell(7, at).value for at in range(1, sheet.max_column)}
    assert first["W5"] == "=W_5"
    assert re.fullmatch(r"=[A-Z]+7-eta_3\*[A-Z]+7", row["W5"])
    assert re.fullmatch(r"=[A-Z]+8\*I_1\+[A-Z]+8\*I_2", row["h1"])
    assert re.fullmatch(r"=1/\(1\+EXP\(-[A-Z]+8\)\)", row["A_H1"])


def test_text_is_never_a_formula(tmp_path: Path) -> None:
    """The study's title begins with an equals sign."""
    study, path = studies.small(), tmp_path / "sheet.xlsx"
    write_workbook(plan_worksheet(study, 2), path)
    book = openpyxl.load_workbook(path)
    assert book["Start"]["A1"].value == study.title
    assert book["Start"]["A1"].data_type == "s"
    with zipfile.ZipFile(path) as packed:
        formulas = b"".join(
            b"".join(re.findall(rb"<f>.*?</f>", packed.read(name)))
            for name in packed.namelist()
            if name.startswith("xl/worksheets/sheet")
        )
    assert b"1+1 &lt;b" not in formulas
    assert b"samples" not in formulas


@pytest.mark.parametrize(
    ("study", "steps", "message"),
    [
        (studies.course("lr_by_init"), 5, "1,048,576 trials; at most 24"),
        (studies.course("lr_graphs", 'training.dtype="float32"'), 5, "compute in float64"),
        (studies.course("lr_graphs", 'training.stop="target"'), 5, "goes on to its last row"),
        (studies.course("lr_graphs", 'schedule.name="cosine"'), 5, "learning rate is one cell"),
        (
            studies.course(
                "lr_graphs", 'network.activation="identity"', "axes.learning_rate=[100.0]"
            ),
            900,
            "leaves a spreadsheet's range at step",
        ),
        (
            studies.course("lr_graphs"),
            2000,
            "has 1000; to train it further: --set training.steps=2000",
        ),
        (studies.course("lr_graphs", "training.steps=100000"), 100000, "formulas; at most"),
        (studies.wide(), 2, "sees all samples"),
    ],
)
def test_what_does_not_fit_is_refused(study: Study, steps: int, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        plan_worksheet(study, steps)


def test_the_command_writes_the_sheet(tmp_path: Path) -> None:
    done = sweep("worksheet", "step_by_step", "--steps", "3", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "step_by_step.xlsx: 1 sheet of 3 steps\n")
    done = sweep(
        "worksheet", "lr_graphs", "--steps", "1", "--trial", "learning_rate=1", cwd=tmp_path
    )
    assert done.stdout == "lr_graphs.xlsx: 1 sheet of 1 step\n"
    options = ["--steps", "3", "--output", "sheet.txt"]
    assert "must be .xlsx" in refused("worksheet", "lr_graphs", *options, cwd=tmp_path)
