"""The dimension of a boundary: of shapes with a known one, and by counts made with plain loops."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.path import Path
from numpy.typing import NDArray

from sweep.analysis.dimension import boundary_cells, box_dimension
from sweep.errors import RequestError

Map = NDArray[np.bool_]
POINTS = 513


def _plane(low: float, high: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    across, up = np.meshgrid(np.linspace(low, high, POINTS), np.linspace(low, high, POINTS))
    return across, up


def line() -> Map:
    x, y = _plane(-1, 1)
    return y > 0.37 * x + 0.1


def circle() -> Map:
    x, y = _plane(-1, 1)
    return x * x + y * y < 0.5


def sierpinski() -> Map:
    """Pascal's triangle, odd numbers (Lucas's theorem)."""
    at = np.arange(POINTS)
    return (at[:, np.newaxis] & at) == 0


def koch() -> Map:
    """The inside of von Koch's snowflake, each edge replaced by four six times."""
    corners = np.exp(2j * np.pi * np.arange(3) / 3)[::-1]
    for _ in range(6):
        third = (np.roll(corners, -1) - corners) / 3
        tip = corners + third + third * np.exp(1j * np.pi / 3)
        edges = [corners, corners + third, tip, corners + 2 * third]
        corners = np.stack(edges, axis=1).ravel()
    x, y = _plane(-1.2, 1.2)
    outline = Path(np.column_stack([corners.real, corners.imag]))
    return outline.contains_points(np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)


def quadratic() -> Map:
    """Gradient descent on a quadratic loss with a rate for each weight: smooth, and no fractal.

    It converges where the spectral radius of I - diag(rates) A is below 1.
    """
    hessian = np.array([[2.0, 0.9], [0.9, 1.0]])
    first, second = _plane(0.01, 3.0)
    step = np.eye(2) - np.stack([first, second], axis=-1)[..., np.newaxis] * hessian
    return np.abs(np.linalg.eigvals(step)).max(axis=-1) < 1


@pytest.mark.parametrize(
    ("shape", "known", "bias"),
    [  # The biases that the module states, and a little more.
        (line, 1.0, 0.01),
        (circle, 1.0, 0.03),
        (sierpinski, np.log2(3), 0.02),
        pytest.param(koch, np.log(4) / np.log(3), 0.06, marks=pytest.mark.check),
        (quadratic, 1.0, 0.01),
    ],
)
def test_dimensions_that_are_known(shape: Callable[[], Map], known: float, bias: float) -> None:
    found = box_dimension(shape())
    assert found.fit == pytest.approx(known, abs=bias)
    assert found.median == pytest.approx(known, abs=bias + 0.04)
    low, high = found.fit_interval
    assert low - bias < known < high + bias
    assert low < found.fit < high


def test_counts_are_those_of_plain_loops() -> None:
    random = np.random.default_rng(1)
    side = random.random((65, 70)) < np.linspace(0, 1, 70)
    cells = [
        [len({bool(side[i + a, j + b]) for a in (0, 1) for b in (0, 1)}) == 2 for j in range(69)]
        for i in range(64)
    ]
    assert boundary_cells(side).tolist() == cells
    found = box_dimension(side)
    for box, count in zip(found.sides, found.counts, strict=True):
        held = {(i // box, j // box) for i in range(64) for j in range(64) if cells[i][j]}
        assert count == len(held)
    assert found.share == np.mean(cells)


def test_turning_and_mirroring_a_map_changes_little() -> None:
    side = sierpinski()
    assert box_dimension(side[::-1, :].T).fit == pytest.approx(box_dimension(side).fit, abs=0.02)
    assert box_dimension(~side).fit == box_dimension(side).fit


@pytest.mark.parametrize(
    ("side", "words"),
    [
        (np.ones((65, 65), bool), "all points of the map are on one side"),
        (np.arange(40) > np.full((40, 1), 38), "on one side, but at its last rows or columns"),
        (np.eye(20, dtype=bool), "33 x 33 points or more, not 20 x 20"),
    ],
)
def test_maps_without_a_dimension_are_refused(side: Map, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        box_dimension(side)
