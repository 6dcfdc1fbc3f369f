"""The shipped studies are of a bearable size, and tiny versions of them train and draw."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sweep
from sweep.cli import app
from sweep.study import Group, Study, find_study, load_study, shipped_studies

NAMES = [path.stem for path in shipped_studies()]
STEPS = 12
MOST = 8e12
"""Multiply-adds of a study: some minutes at the 2e10 a second that two cores make of them."""


def multiply_adds(group: Group) -> float:
    """How many the matrix products of all trials take: forward, backward and for the gradients."""
    samples = group.batch.size or len(group.data.inputs)
    whole = 0 if group.by_epochs else len(group.data.inputs) * group.batched
    weights = group.trials * group.steps * group.network.n_parameters
    return float(weights * (3 * samples + whole))


def tiny(study: Study) -> list[str]:
    """Edits that leave of each dimension the ends, or one where each is a group, and few steps."""
    written = []
    labels = study.groups()[0].labels
    for dimension in study.dimensions:
        kept = [0] if labels.keys() & {axis.name for axis in dimension.axes} else [0, -1]
        ends = {axis.name: axis.values[kept].tolist() for axis in dimension.axes}
        if "training.steps" in ends:
            ends["training.steps"] = [STEPS]
        spelt = ", ".join(f"{json.dumps(name)} = {json.dumps(ends[name])}" for name in ends)
        whole = f"zip.{dimension.name} = {{ {spelt} }}" if len(ends) > 1 else spelt
        written.append(whole)
    swept = any(axis.name == "training.steps" for axis in study.axes)
    return [f"axes={{ {', '.join(written)} }}", *[f"training.steps={STEPS}"] * (not swept)]


@pytest.mark.parametrize("name", NAMES)
def test_a_study_is_of_a_bearable_size(name: str) -> None:
    assert 0 < sum(map(multiply_adds, load_study(find_study(name)).groups())) < MOST


@pytest.mark.quick("lr_range_test", "lr_by_batch", "boundary_tanh")  # the README has lr_graphs
@pytest.mark.parametrize("name", NAMES)
def test_a_tiny_version_trains_and_draws(name: str, tmp_path: Path) -> None:
    edits = tiny(load_study(find_study(name)))
    results = sweep.run(name, results=tmp_path, overrides=edits)
    assert results.trained == results.study.trials == len(results.trials())
    sets = [part for edit in edits for part in ("--set", edit)]
    drawn = CliRunner().invoke(app, ["plot", name, "--results", str(tmp_path), *sets])
    assert drawn.exit_code == 0, drawn.output
    assert [*tmp_path.glob("*/figures/*.png")]
