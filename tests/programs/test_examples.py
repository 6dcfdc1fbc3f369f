"""The programs in examples/ find what they look for, and their types are right."""

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sweep

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str) -> Any:
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


@pytest.fixture(scope="module")
def best() -> float:
    """The least final loss of a coarse grid over the rates of both layers."""
    rates = np.geomspace(1e-3, 1e3, 40)
    study = sweep.load_study("lr_response", ["axes={ learning_rate=[1.0] }"])
    first, last = (part.ravel() for part in np.meshgrid(rates, rates))
    points = {"learning_rate": first, "learning_rate.1": last}
    return float(sweep.evaluate(study, points)["final_loss"].min())


def test_from_arrays_to_a_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.chdir(tmp_path)
    example("from_arrays_to_a_figure")
    assert (tmp_path / "final_loss.png").stat().st_size > 5_000


@pytest.mark.check
def test_optuna_asks_and_is_told_by_the_hundred(best: float) -> None:
    pytest.importorskip("optuna", reason="the extra `peers` is not installed")
    found = example("optuna_ask_tell")["search"](rounds=3, batch=100)
    assert len(found.trials) == 300
    assert found.best_value < 10 * best


def test_differential_evolution_finds_what_a_grid_does(best: float) -> None:
    found = example("differential_evolution")["search"](generations=12, population=24)
    assert 10**found.fun < 1.5 * best


@pytest.mark.check
def test_the_types_of_the_package_are_enough_for_programs(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import numpy as np\nimport pandas as pd\nimport sweep\n\n"
        'study = sweep.load_study("lr_graphs")\n'
        'table: pd.DataFrame = sweep.evaluate(study, {"learning_rate": np.ones(3)})\n'
        'whole = sweep.evaluate(study, {"learning_rate": [1.0]}, parameters=True)\n'
        "curves: pd.DataFrame = whole.curves\n"
        "outputs: np.ndarray = sweep.network(whole, 0)([[0.05, 0.1]])\n"
        'missed: pd.DataFrame = sweep.halving("lr_graphs", draws=5)\n'
        "share: float = sweep.refine(study, depth=2).share\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports"]
    done = subprocess.run(
        [*command, program, *sorted(EXAMPLES.glob("*.py"))],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    program.write_text(
        'import sweep\n\nsweep.evaluate("lr_graphs", {"learning_rate": 1.0}, curve=True)\n'
    )
    done = subprocess.run(
        [*command, program],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "No overload variant" in done.stdout
