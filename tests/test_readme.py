"""The README's commands do what it says, in a fresh folder and in its order."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sweep.study import find_study, load_study
from tests.experiments.test_shipped import tiny
from tests.test_cli import sweep

README = Path(__file__).parents[1] / "README.md"


def console_commands() -> list[str]:
    """The commands in the README's console blocks, their comments apart; make is another test's."""
    blocks = re.findall(r"```console\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    commands = [line.removeprefix("$ ").split("  #")[0].strip() for line in lines]
    return [command for command in commands if not command.startswith("make ")]


def as_installed(arguments: list[str], cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [Path(sys.executable).with_name("sweep"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.check)])
def test_console_commands(tmp_path: Path, *, whole: bool) -> None:
    """As they stand, processes; in `make test` in this one, and a million trials are a few."""
    commands = ["sweep run lr_graphs", "sweep plot lr_graphs", *console_commands()]
    assert len(commands) > 6
    edits = [] if whole else tiny(load_study(find_study("lr_by_init")))
    fewer = [part for edit in edits for part in ("--set", edit)]
    for command in commands:
        program, *arguments = command.split()
        arguments += fewer if "lr_by_init" in arguments else []
        assert program == "sweep", command
        done = as_installed(arguments, tmp_path) if whole else sweep(*arguments, cwd=tmp_path)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    figures = {path.name for path in tmp_path.glob("results/*/figures/*.png")}
    assert {"curves.png", "panels.png", "curves-log.png", "heatmap.png"} <= figures


def test_python_example(tmp_path: Path) -> None:
    block = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    code = block[1] + "print(len(results.trials()), len(results.curves()))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["6", "6006"]


def test_linked_pages_and_pictures_exist() -> None:
    text = README.read_text(encoding="utf-8")
    targets = set(re.findall(r"\]\(([^)#]+)\)", text))
    assert len(targets) > 6
    assert [t for t in targets if "://" not in t and not (README.parent / t).exists()] == []
