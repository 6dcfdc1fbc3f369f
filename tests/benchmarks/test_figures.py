"""Figures of runs and of measurements, drawn from tables written by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures import MEASURED, OF_RUNS, choose, draw, ends, main, scaling, trials, usual
from benchmarks.tidy import tidy
from sweep.errors import RequestError

SPEEDS = {  # network, dtype, threads, lanes: network-steps a second in three rounds
    ("2-2-2", "float64", 1, 8): (1e8, 2e8, 3e8),
    ("2-2-2", "float64", 2, 8): (3e8, 4e8, 3e8),
    ("2-2-2", "float64", 2, 16): (4e8, 4e8, 5e8),
    ("2-2-2", "float32", 2, 8): (8e8, 9e8, 7e8),
    ("16-16-1", "float64", 2, 4): (1e5, 2e5, 3e5),
}


@pytest.fixture
def turns() -> pd.DataFrame:
    rows = [
        (number, *setup, speed, "multiply-adds", 1e9, speed / 1e9)
        for setup, speeds in SPEEDS.items()
        for number, speed in enumerate(speeds)
    ]
    names = ["round", "network", "dtype", "threads", "lanes", "network_steps_per_second"]
    return pd.DataFrame(rows, columns=[*names, "limit", "roof", "share"])


def dots(figure: Figure) -> list[float]:
    """The heights of the round points of the first panel."""
    found = [c for c in figure.axes[0].collections if c.get_label() in ("float64", "float32")]
    return [float(y) for one in found for y in np.asarray(one.get_offsets())[:, 1]]


def test_every_kind_is_drawn(turns: pd.DataFrame) -> None:
    for name in OF_RUNS:
        figure = draw(name, turns, "A machine, a day")
        figure.draw_without_rendering()
        assert figure.get_suptitle() == "A machine, a day"


def test_throughput_shows_medians_of_the_usual_setup(turns: pd.DataFrame) -> None:
    # Of 2-2-2 the two threads and the faster number of lanes.
    assert dots(draw("throughput", turns)) == [4e8, 2e5, 8e8]


def test_shares_name_their_limits(turns: pd.DataFrame) -> None:
    figure = draw("share", turns)
    assert dots(figure) == [0.4, 2e-4, 0.8]
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["2-2-2\nmultiply-adds", "16-16-1\nmultiply-adds"]


def test_scaling_is_over_the_fewest_within_rounds(turns: pd.DataFrame) -> None:
    two = draw("threads", turns).axes[0].get_lines()[0]
    assert np.asarray(two.get_ydata()).tolist() == [1.0, 2.0]  # 4 / 1, 4 / 2, 5 / 3
    wide = draw("lanes", turns).axes[0].get_lines()[0]
    assert np.asarray(wide.get_xdata()).tolist() == [8, 16]
    assert np.asarray(wide.get_ydata())[1] == pytest.approx(4 / 3, rel=1e-12)  # a rounding or two


def test_kinds_are_chosen_by_what_varies(turns: pd.DataFrame) -> None:
    assert choose(turns) == ["throughput", "share", "lanes", "threads"]
    alike = turns[turns["lanes"] == turns["lanes"].iloc[0]]
    assert choose(alike) == ["throughput", "share", "threads"]
    with pytest.raises(RequestError, match="lanes needs several numbers of lanes"):
        draw("lanes", alike)
    with pytest.raises(RequestError, match='no figure of bench is called "heatmap"'):
        draw("heatmap", turns)


def test_lanes_that_suit_each_network_are_no_axis(turns: pd.DataFrame) -> None:
    own = turns[(turns["lanes"] != 16) & (turns["threads"] == 2)]
    assert choose(own) == ["throughput", "share"]


def test_ends_are_of_all_rounds(turns: pd.DataFrame) -> None:
    found = ends(usual(turns), ["network", "dtype"], "network_steps_per_second")
    assert found.to_numpy().tolist()[0] == ["2-2-2", "float64", 4e8, 4e8, 5e8]


def rows(quantity: str, of_rounds: dict[int, list[float]], by: str, **same: object) -> list[dict]:
    """A row a round and value of `by`."""
    return [
        {"quantity": quantity, by: at, "value": value, "round": number} | same
        for at, values in of_rounds.items()
        for number, value in enumerate(values)
    ]


def drawn(axes: Axes) -> dict[str, list[tuple[float, float]]]:
    """The points of each line by its name."""
    return {
        str(line.get_label()): list(zip(*np.asarray(line.get_data()).tolist(), strict=True))
        for line in axes.get_lines()
    }


@pytest.fixture
def of_scale() -> pd.DataFrame:
    return pd.DataFrame(
        rows("run: seconds", {100: [1.0, 3.0, 2.0], 1000: [4.0, 5.0, 9.0]}, "trials")
        + rows("kernel: seconds", {100: [0.001], 1000: [0.002]}, "trials")
        + rows("run: peak", {100: [2.0**30], 1000: [2.0**31]}, "trials")
        + rows("kernel: peak", {100: [1.0]}, "trials")
        + rows("disk", {100: [77.0]}, "trials")
    )


@pytest.fixture
def of_throughput() -> pd.DataFrame:
    same = {"network": "16-16-1", "dtype": "float64", "samples": 1, "lanes": 4, "threads": 1}
    by_lanes = rows("throughput by lanes", {1: [10.0, 20.0], 8: [40.0, 100.0]}, "lanes")
    by_width = [
        row | {"network": network}
        for network, values in (("16-2-1", [8.0]), ("16-32-1", [1.0]))
        for row in rows("throughput by width", {4: values}, "lanes")
    ]
    by_samples = rows("throughput by samples", {1: [5.0], 64: [2.0]}, "samples")
    return pd.DataFrame([same | row for row in (*by_lanes, *by_width, *by_samples)])


def test_every_measurement_is_drawn(of_scale: pd.DataFrame, of_throughput: pd.DataFrame) -> None:
    tables = {"scale": of_scale, "throughput": of_throughput}
    for kind in MEASURED.values():
        figure = kind.draw(tables[kind.benchmark], "a day")
        figure.draw_without_rendering()
        assert figure.get_suptitle() == "a day"


def test_cost_is_by_trial_and_memory_in_mebibytes(of_scale: pd.DataFrame) -> None:
    cost, memory = trials(of_scale).axes
    assert drawn(cost) == {
        "whole run": [(100, pytest.approx(2e4)), (1000, pytest.approx(5e3))],
        "kernel alone": [(100, pytest.approx(10.0)), (1000, pytest.approx(2.0))],
    }
    assert drawn(memory) == {"whole run": [(100, 1024.0), (1000, 2048.0)]}


def test_lanes_are_compared_within_rounds(of_throughput: pd.DataFrame) -> None:
    lanes, threads, width, samples = scaling(of_throughput).axes
    assert drawn(lanes) == {"16-16-1 float64": [(1, 1.0), (8, 4.5)]}  # 4 and 5 times
    assert not threads.axison
    assert drawn(width) == {"16-w-1 float64": [(2, 8.0), (32, 1.0)]}
    assert drawn(samples) == {"16-16-1 float64": [(1, 5e-6), (64, 128e-6)]}


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is printed, or the words of the refusal."""
    try:
        main([*arguments])
    except SystemExit as refused:
        return str(refused)
    return capsys.readouterr().out


def test_nothing_is_drawn_before_it_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    start = "benchmarks.figures: "
    assert said(capsys) == f"{start}results/bench: nothing is measured yet; first `sweep bench`"
    assert said(capsys, "pie").startswith(f'{start}no figure of bench is called "pie"; ')
    missing = f"{start}results/benchmarks: there are no measurements for trials; "
    assert said(capsys, "trials").startswith(missing)


def test_measurements_are_drawn_without_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results" / "benchmarks" / "a-run" / "scale"
    folder.mkdir(parents=True)
    row = {"quantity": "run: seconds", "trials": 100, "value": 1.0, "round": 0}
    tidy([row]).to_parquet(folder / "scale-20260101T000000Z.parquet")
    names = [f"results/bench/figures/trials.{end}" for end in ("png", "svg")]
    assert said(capsys).split() == names
    newer = folder / "scale-20270101T000000Z.parquet"
    newer.write_bytes(b"PAR1")
    named = "results/benchmarks/a-run/scale/scale-20270101T000000Z.parquet"
    damaged = f"benchmarks.figures: {named}: no table of measurements: "
    assert said(capsys, "trials").startswith(damaged)
