"""The order of batches: the oracle's, whatever the lane, the steps asked for or the processor."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweep.training.batches import drawn_order, shared_order, table_order
from sweep.training.build import _MAKERS
from sweep.training.compile import call
from sweep.training.lanes import Lanes
from sweep.training.sampling import make_replacement, make_shuffle
from sweep.training.specification import Order, OrderArguments

from ..oracles.philox import philox
from . import order_digests
from .arrays import Array, aligned
from .compiled import compiled

ROOT = Path(__file__).parents[2]
ORDERS = ["shuffle", "replacement"]
orders = pytest.mark.parametrize("order", ORDERS)
WIDTHS = [1, 2, 4, 8, 16, 32, 64]
SEEDS = [0, 1, 2, 77, 2**31, 2**32 - 1, 2**32, 2**40 + 3, 2**63, 2**64 - 1]
POSITIONS = [0, 1, 2, 3, 1000, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**40 + 3]


def words(seed: int, position: int, purpose: int) -> Iterator[int]:
    key, block = (seed & 0xFFFFFFFF, seed >> 32), 0
    while True:
        yield from philox((block, position & 0xFFFFFFFF, position >> 32, purpose), key)
        block += 1


def shuffled(seed: int, epoch: int, samples: int) -> list[int]:
    """Durstenfeld's shuffle, as it is printed: the last of what is left is exchanged with any."""
    order, drawn = list(range(samples)), words(seed, epoch, 1)
    for left in range(samples, 1, -1):
        chosen = next(drawn) * left >> 32
        order[left - 1], order[chosen] = order[chosen], order[left - 1]
    return order


def replaced(seed: int, step: int, samples: int, size: int) -> list[int]:
    drawn = words(seed, step, 2)
    return [next(drawn) * samples >> 32 for _ in range(size)]


def expected(order: str, seed: int, position: int, samples: int, size: int) -> list[int]:
    if order == "shuffle":
        return shuffled(seed, position, samples)
    return replaced(seed, position, samples, size)


@pytest.mark.parametrize("samples", [1, 2, 3, 4, 5, 6, 8, 9, 37, 200])
@pytest.mark.parametrize("seed", [0, 2**40 + 3, 2**64 - 1])
def test_shuffles_are_the_oracles(samples: int, seed: int) -> None:
    found = drawn_order("shuffle", seed, samples, samples, np.array(POSITIONS))
    assert found.tolist() == [shuffled(seed, epoch, samples) for epoch in POSITIONS]


@pytest.mark.parametrize("size", [1, 3, 4, 5, 40])
@pytest.mark.parametrize("samples", [1, 7, 2**31 - 1])
@pytest.mark.parametrize("seed", [1, 2**64 - 1])
def test_draws_with_replacement_are_the_oracles(samples: int, size: int, seed: int) -> None:
    found = drawn_order("replacement", seed, samples, size, np.array(POSITIONS))
    assert found.tolist() == [replaced(seed, step, samples, size) for step in POSITIONS]


@pytest.mark.quick("*-1", "*-8", "*-64")
@pytest.mark.parametrize("width", WIDTHS)
@orders
def test_each_lane_has_the_order_of_its_own_seed(order: str, width: int) -> None:
    """As the training kernel draws it: one epoch or step for all lanes, block after block.

    The memory is that of the block before, which must not show.
    """
    samples, size, block = 13, 6, max(width, 16)
    load, memory = Lanes("int64", width).load, Lanes("int32", width).memory
    shuffle, replace = make_shuffle(width), make_replacement(width)
    count, shuffles = (samples, True) if order == "shuffle" else (size, False)

    def loop(n: Any, seeds: Any, positions: Any, room: Any, out: Any) -> None:
        rows = memory(room, 0)
        for at in range(n):
            for start in range(0, block, width):
                if shuffles:
                    shuffle(rows, samples, positions[at], load(seeds, start))
                else:
                    replace(rows, size, samples, positions[at], load(seeds, start))
                for i in range(count):
                    for lane in range(width):
                        place = (at * block + start + lane) * count + i
                        out[place] = room[i * width + lane]

    seeds = np.resize(np.array(SEEDS, np.uint64), block).view(np.int64)
    out = np.empty((len(POSITIONS), block, count), np.int32)
    room = aligned(np.zeros(count * width), "int32")
    call = compiled(loop, "int64", "int64", "int32", "int32")
    call(len(POSITIONS), seeds, np.array(POSITIONS), room, out)
    for at, position in enumerate(POSITIONS):
        for lane in range(len(SEEDS)):
            wanted = expected(order, SEEDS[lane], position, samples, size)
            assert out[at, lane].tolist() == wanted, (position, lane)
    np.testing.assert_array_equal(out, out[:, np.arange(block) % len(SEEDS)])


@pytest.mark.parametrize("lanes", [1, 64])
@orders
def test_a_table_does_not_depend_on_the_lanes_it_was_drawn_with(order: str, lanes: int) -> None:
    """Each column with a seed and a position of its own."""
    columns, count = 64, 9
    seeds = np.resize(np.array(SEEDS, np.uint64), columns)
    positions = np.resize(np.array(POSITIONS[:-1]), columns)
    out = aligned(np.zeros(columns * count), "int32")
    call(Order(order, lanes), OrderArguments(columns, count, 9, seeds, positions, out))
    found = out.reshape(-1, count, lanes).swapaxes(1, 2).reshape(columns, count)
    for column, row in enumerate(found.tolist()):
        seed, position = int(seeds[column]), int(positions[column])
        assert row == expected(order, seed, position, 9, count)


def test_each_epoch_takes_each_sample_once() -> None:
    epochs = drawn_order("shuffle", 3, 101, 101, np.arange(50))
    np.testing.assert_array_equal(np.sort(epochs), np.broadcast_to(np.arange(101), (50, 101)))
    assert len(np.unique(epochs, axis=0)) == 50


def chi_square(counts: Array) -> float:
    mean = counts.sum() / counts.size
    return float(((counts - mean) ** 2 / mean).sum())


def test_every_permutation_is_as_likely_as_any_other() -> None:
    """120 of five samples, 24,000 epochs, for this seed: chi-square of 119 degrees of freedom.

    Its 0.1% and 99.9% points: 74.5 and 172.9 by Wilson and Hilferty's approximation.
    """
    epochs = drawn_order("shuffle", 20, 5, 5, np.arange(24000))
    _, counts = np.unique(epochs @ 10 ** np.arange(5), return_counts=True)
    assert len(counts) == 120
    assert 74 < chi_square(counts) < 173


@orders
def test_every_sample_is_as_likely_in_every_place(order: str) -> None:
    """40 samples in 40 places, 20,000 epochs or steps, for this seed.

    The statistic is chi-square of 40 * 39 = 1560 degrees of freedom for draws with replacement; for
    permutations, whose counts have fixed sums by row and by column, 40/39 times that of 39 * 39.
    The mean is 1560 for both, the standard deviation 56 and 57; within 5 of them.
    """
    drawn = drawn_order(order, 21, 40, 40, np.arange(20000))
    counts = np.zeros((40, 40))
    np.add.at(counts, (np.broadcast_to(np.arange(40), drawn.shape), drawn), 1)
    assert abs(chi_square(counts) - 1560) < 5 * np.sqrt(2 * 1560)


def test_neighbouring_epochs_seeds_and_steps_have_nothing_in_common() -> None:
    """Equal entries of two orders of n samples: one in n, for these seeds; 5 standard errors.

    A key or a counter that lost a part of the seed or the position would show here at once.
    """
    n, epochs = 50, np.arange(400)
    for order in ORDERS:
        one, other = (drawn_order(order, seed, n, n, epochs) for seed in (30, 30 + 2**32))
        for first, second in ((one, other), (one[1:], one[:-1])):
            share = (first == second).mean()
            assert abs(share - 1 / n) < 5 * np.sqrt(1 / n / first.size)


def test_the_two_orders_and_initial_weights_are_drawn_from_different_numbers() -> None:
    first = [next(words(5, 0, purpose)) for purpose in (0, 1, 2)]
    assert len(set(first)) == 3
    n = 2**31 - 1
    assert drawn_order("replacement", 5, n, 1, np.zeros(1, np.int64))[0, 0] == first[2] * n >> 32


CASES = [(10, 3), (9, 3), (7, 7), (7, 10), (5, 1), (1, 1), (33, 32)]


@pytest.mark.parametrize(("samples", "size"), CASES)
@orders
def test_batches_are_cut_from_the_order(order: str, samples: int, size: int) -> None:
    steps = 23
    indices, starts = shared_order(order, 4, samples, size, 0, steps)
    assert (indices.dtype, starts.dtype) == (np.int32, np.int64)
    batches = [part.tolist() for part in np.split(indices, starts[1:-1])]
    assert len(batches) == steps
    assert (starts[0], starts[-1]) == (0, len(indices))
    if order == "replacement":
        assert batches == [replaced(4, step, samples, size) for step in range(steps)]
        return
    wanted = []
    for epoch in range(steps):
        entries = shuffled(4, epoch, samples)
        wanted += [entries[at : at + size] for at in range(0, samples, size)]
    assert batches == wanted[:steps]


@cache
def of_fifty_steps(order: str) -> list[list[int]]:
    indices, starts = shared_order(order, 6, 11, 4, 0, 50)
    return [part.tolist() for part in np.split(indices, starts[1:-1])]


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (2, 3), (1, 4), (3, 6), (5, 50), (49, 50)])
@orders
def test_any_range_of_steps_has_the_same_batches(order: str, start: int, stop: int) -> None:
    indices, starts = shared_order(order, 6, 11, 4, start, stop)
    parts = [part.tolist() for part in np.split(indices, starts[1:-1])]
    assert parts == of_fifty_steps(order)[start:stop]


@orders
def test_no_steps_have_no_batches(order: str) -> None:
    for step in (0, 1, 3):
        indices, starts = shared_order(order, 6, 11, 4, step, step)
        assert (indices.tolist(), starts.tolist()) == ([], [0])


def test_steps_far_into_a_run() -> None:
    """Beyond 2^32 epochs, in no more time than at the start."""
    start = 3 * (2**32 + 5) + 1
    indices, _ = shared_order("shuffle", 6, 11, 4, start, start + 2)
    assert indices.tolist() == shuffled(6, 2**32 + 5, 11)[4:]


def test_a_table_is_taken_row_by_row_and_then_again() -> None:
    table = np.array([[3, 1], [0, 0], [2, 9]])
    indices, starts = table_order(table, 2, 7)
    assert (indices.dtype, starts.dtype) == (np.int32, np.int64)
    assert indices.tolist() == [2, 9, 3, 1, 0, 0, 2, 9, 3, 1]
    assert starts.tolist() == [0, 2, 4, 6, 8, 10]


def test_the_kernel_is_a_row_of_the_table() -> None:
    assert Order in _MAKERS


# A change of either moves the bits of results: it needs a new `sweep.study.NUMERICS`.
GOLDEN = [
    "8f980ba94c1a62a95ca274e7a1279df2b2b28cc340c05c07fb35d9d0f759d894",
    "803a8e0a10aff3d00641f8df6b97e28ae2d3d41bd23ffb6151c75f4f5d2f2189",
]


def test_orders_and_schedules_have_the_bits_they_had() -> None:
    assert [order_digests.orders(), order_digests.schedules()] == GOLDEN


BUILDS = {"generic": ("generic", "")}
if platform.machine() in ("x86_64", "AMD64"):
    BUILDS["AVX2"] = ("haswell", "+avx,+avx2,+fma,+bmi,+bmi2,+f16c,+lzcnt,+movbe,+popcnt,+sse4.2")


@pytest.mark.check
def test_builds_for_other_processors(tmp_path: Path) -> None:
    """Orders by a build for other registers, schedules by NumPy without the newer instructions."""
    for name, (cpu, features) in BUILDS.items():
        settings = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": features}
        settings |= {"SWEEP_CACHE_DIR": str(tmp_path / name)} | _without(name)
        command = [sys.executable, "-m", f"{__package__}.order_digests"]
        output = subprocess.run(
            command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=True
        ).stdout
        assert output.split() == GOLDEN, name


def _without(build: str) -> dict[str, str]:
    """NumPy's setting against the instructions found here that a build does not have."""
    found = np.show_config("dicts")["SIMD Extensions"]["found"]  # type: ignore[index]
    kept = ("AVX2", "FMA3", "X86_V3") if build == "AVX2" else ()
    left_out = [name for name in found if name not in kept]
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(left_out)} if left_out else {}
