"""Figures of measurements, drawn from tables written by hand."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from sweep.views.measurements import KINDS, scaling, trials


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


def test_every_kind_is_drawn(of_scale: pd.DataFrame, of_throughput: pd.DataFrame) -> None:
    tables = {"scale": of_scale, "throughput": of_throughput}
    for kind in KINDS.values():
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
