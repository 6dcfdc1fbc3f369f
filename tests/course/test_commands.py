"""The course's commands as a user meets them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sweep import explain, worksheet
from sweep.errors import RequestError

from ..test_cli import process, refused, sweep
from .studies import EXPERIMENTS


def test_a_derivation_is_printed_or_written(tmp_path: Path) -> None:
    shown = sweep("explain", "lr_graphs", "--trial", "learning_rate=0.5", cwd=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "9. The update" in shown.stdout
    for form, start in (("markdown", "# Error against"), ("html", "<!DOCTYPE html>")):
        done = sweep("explain", "lr_graphs", "--format", form, "--output", form, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, f"{form}\n")
        assert (tmp_path / form).read_text(encoding="utf-8").startswith(start)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["html", "markdown"]


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_network_is_drawn(ending: str, tmp_path: Path) -> None:
    file = f"network.{ending}"
    done = sweep("explain", "step_by_step", "--diagram", file, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == file
    assert (tmp_path / file).stat().st_size > 5_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--trial", "learning_rate=0.3"], "nearest is 0.2; to have another: --set 'axes.lear"),
        (["--sample", "2"], "sees samples 1 to 1"),
        (["--diagram", "network.gif"], "must be .png, .svg, .pdf"),
        (["--output", "nowhere/file"], "cannot be written"),
    ],
)
def test_what_cannot_be_explained_is_refused(
    options: list[str], message: str, tmp_path: Path
) -> None:
    assert message in refused("explain", "lr_graphs", *options, cwd=tmp_path)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: explain("lr_graphs", step="3"), 'step: must be a whole number from 0 .*, not "3"'),
        (lambda: explain("lr_graphs", sample=1.5), "sample: must be a whole number from 1 "),
        (lambda: explain("lr_graphs", trial=0.5), "--trial: must be NAME=VALUE"),
        (lambda: explain("step_by_step").written("pdf"), 'form: must be one of .*, not "pdf"'),
        (lambda: explain("step_by_step").draw(5), "file: must be a path, not 5"),
        (lambda: worksheet("lr_graphs", 5), "file: must be a path, not 5"),
        (lambda: worksheet("lr_graphs", steps=0), "steps: must be a whole number from 1 "),
    ],
)
def test_what_python_is_not_given_is_refused(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        ask()


FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
"""No file may grow beyond a page, which fails as a full disk does."""

TINY = FULL.replace("4096", "256")


def test_what_cannot_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    done = process("worksheet", "lr_graphs", "--steps", "20", cwd=tmp_path, before=FULL)
    assert done.returncode == 2
    assert done.stderr == "sweep: lr_graphs.xlsx: cannot be written: File too large\n"
    picture = ("--diagram", "network.png")
    done = process("explain", "lr_graphs", *picture, cwd=tmp_path, before=FULL)
    assert done.returncode == 2
    assert done.stderr == "sweep: network.png: cannot be written: File too large\n"
    done = process("new", "mine.toml", "--from", "step_by_step", cwd=tmp_path, before=TINY)
    assert done.returncode == 2
    assert done.stderr == "sweep: mine.toml: cannot be written: File too large\n"
    assert not list(tmp_path.iterdir())


def test_a_terminal_without_greek_is_given_a_spelled_derivation(tmp_path: Path) -> None:
    poor = "sys.stdout.reconfigure(encoding='ascii')"
    for form in ("html", "text"):
        done = process("explain", "step_by_step", "--format", form, cwd=tmp_path, before=poor)
        assert (done.returncode, done.stderr) == (0, "")
    assert "dE_T/dW5 = " in done.stdout
    assert "?" not in done.stdout


def test_a_study_of_any_name_is_explained_and_made_a_worksheet(tmp_path: Path) -> None:
    name = "Ünïcode & 'spaces' η"
    text = (EXPERIMENTS / "step_by_step.toml").read_text(encoding="utf-8")
    (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    assert f"study      {name}" in sweep("explain", f"{name}.toml", cwd=tmp_path).stdout
    done = sweep("worksheet", f"{name}.toml", "--steps", "3", cwd=tmp_path)
    assert done.stdout == f"{name}.xlsx: 1 sheet of 3 steps\n"
    assert "correct" in sweep("audit", f"{name}.xlsx", cwd=tmp_path).stdout
