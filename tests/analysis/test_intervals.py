"""Resampled medians are medians of what was drawn, and all intervals those of scipy."""

from math import inf, isnan, nan

import numpy as np
import pytest
from scipy import stats
from scipy.stats import binomtest

from sweep.analysis.intervals import Bootstrap, Ranked, wilson
from sweep.errors import RequestError


def drawn_medians(cells: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The slow twin: each row's levels repeated as often as drawn, those of no trial left out."""

    def middle(row: np.ndarray, times: np.ndarray) -> float:
        values = np.repeat(row, times)
        values = np.sort(values[~np.isnan(values)])
        n = len(values)
        return float((values[(n - 1) // 2] + values[n // 2]) / 2) if n else nan

    return np.array([[middle(row, times) for row in cells] for times in counts])


@pytest.mark.parametrize("seeds", [1, 2, 3, 8, 9, 150, 151])
def test_medians_are_those_of_what_was_drawn(seeds: int) -> None:
    random = np.random.default_rng(seeds)
    cells = random.integers(0, 50, (6, seeds)) / 2
    cells[0] = inf
    cells[1, : seeds // 2] = inf
    cells[2, random.random(seeds) < 0.3] = nan
    cells[3, 1:] = nan
    ranked = Ranked.of(cells)
    everything = np.ones((1, seeds), np.int64)
    np.testing.assert_array_equal(ranked.medians(), drawn_medians(cells, everything)[0])
    for counts in Bootstrap(resamples=40).counts(seeds, 6):
        np.testing.assert_array_equal(ranked.resampled(counts), drawn_medians(cells, counts))


def test_a_median_far_from_where_it_is_looked_for_is_found() -> None:
    cells = np.arange(400.0)[np.newaxis]
    counts = np.zeros((3, 400), np.int32)
    counts[0, 0] = counts[1, 399] = counts[2, 200] = 400
    assert Ranked.of(cells).resampled(counts)[:, 0].tolist() == [0.0, 399.0, 200.0]


@pytest.mark.parametrize("seeds", [5, 12])
def test_resamples_and_intervals_are_those_of_scipy(seeds: int) -> None:
    levels = np.random.default_rng(4).lognormal(size=(3, seeds))

    def best(*rows: np.ndarray, axis: int) -> np.ndarray:
        return np.argmin([np.median(row, axis=axis) for row in rows], axis=0).astype(np.float64)

    theirs = stats.bootstrap(
        tuple(levels), best, paired=True, n_resamples=500, method="percentile", vectorized=True,
        rng=np.random.default_rng(9),
    )  # fmt: skip
    bootstrap = Bootstrap(resamples=500, seed=9)
    (counts,) = bootstrap.counts(seeds, 3)
    ours = Ranked.of(levels).resampled(counts).argmin(axis=1)
    np.testing.assert_array_equal(ours, theirs.bootstrap_distribution)
    low, high = bootstrap.interval(ours.astype(np.float64))
    # scipy interpolates between two resamples where we take the outer one
    assert low <= theirs.confidence_interval.low <= theirs.confidence_interval.high <= high


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_an_interval_encloses_that_of_scipy_by_less_than_a_resample(
    level: float,
) -> None:
    levels = np.random.default_rng(5).normal(size=40)
    theirs = stats.bootstrap(
        (levels,), np.median, n_resamples=999, method="percentile", confidence_level=level,
        rng=np.random.default_rng(2),
    )  # fmt: skip
    bootstrap = Bootstrap(level, 999, 2)
    (counts,) = bootstrap.counts(40, 1)
    found = Ranked.of(levels[np.newaxis]).resampled(counts)[:, 0]
    low, high = bootstrap.interval(found)
    ranked = np.sort(found)
    inner = ranked[ranked > low].min(), ranked[ranked < high].max()
    ends = theirs.confidence_interval
    assert low <= ends.low <= inner[0]
    assert inner[1] <= ends.high <= high


def test_draws_do_not_depend_on_how_they_are_parted() -> None:
    whole = np.concatenate(list(Bootstrap(resamples=700).counts(9, 1)))
    parts = list(Bootstrap(resamples=700).counts(9, 20_000))
    assert len(parts) > 3
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert (whole.sum(axis=1) == 9).all()
    assert not np.array_equal(whole, np.concatenate(list(Bootstrap(0.95, 700, 1).counts(9, 1))))


def test_one_seed_is_never_drawn_again() -> None:
    assert list(Bootstrap().counts(1, 5)) == []


def test_intervals_leave_out_resamples_without_a_value() -> None:
    found = np.array([[nan, nan, 1.0], [3.0, nan, 1.0], [1.0, nan, -inf], [2.0, nan, inf]])
    low, high = Bootstrap(level=0.999).interval(found)
    np.testing.assert_array_equal(low, [1.0, nan, -inf])
    np.testing.assert_array_equal(high, [3.0, nan, inf])


def test_an_interval_covers_what_it_says() -> None:
    random = np.random.default_rng(6)
    cells = random.normal(size=(400, 25))  # 400 samples of a distribution whose median is 0
    (counts,) = Bootstrap(resamples=400).counts(25, 400)
    low, high = Bootstrap().interval(Ranked.of(cells).resampled(counts))
    covered = np.mean((low <= 0) & (high >= 0))
    # the percentile interval of a median is a little wide; 400 samples know a share to 0.011
    assert 0.92 < covered < 0.99


@pytest.mark.parametrize(("level", "resamples"), [(0.0, 10), (1.0, 10), (nan, 10), (0.9, 0)])
def test_what_cannot_be_drawn_is_refused(level: float, resamples: int) -> None:
    with pytest.raises(RequestError):
        Bootstrap(level, resamples)


@pytest.mark.parametrize(("count", "total"), [(0, 2), (1, 2), (2, 2), (3, 16), (500, 1000)])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_it_is_that_of_scipy(count: int, total: int, level: float) -> None:
    low, high = wilson(np.array([count]), np.array([total]), level)
    want = binomtest(count, total).proportion_ci(level, method="wilson")
    # the same formula in another order
    assert (low[0], high[0]) == pytest.approx((want.low, want.high), rel=1e-12, abs=1e-15)


def test_none_and_all_end_at_0_and_1() -> None:
    low, high = wilson(np.array([0, 7]), np.array([7, 7]), 0.9)
    assert (low[0], high[1]) == (0.0, 1.0)
    assert 0 < high[0] < 1
    assert 0 < low[1] < 1


@pytest.mark.parametrize("total", [0, 1])
def test_fewer_than_two_trials_have_none(total: int) -> None:
    low, high = wilson(np.array([0]), np.array([total]), 0.95)
    assert isnan(low[0])
    assert isnan(high[0])


def test_values_of_each_kind_of_seed_are_drawn_by_themselves() -> None:
    crossed = np.array([np.repeat(np.arange(4), 3), np.tile(np.arange(3), 4)])
    counts = np.concatenate(list(Bootstrap(resamples=300).counts(12, 1, crossed)))
    grid = counts.reshape(-1, 4, 3)
    assert (counts.sum(axis=1) == 12).all()
    # rank 1: a product of how often each row and each column was drawn
    rows, columns = grid.sum(axis=2), grid.sum(axis=1)
    np.testing.assert_array_equal(rows[:, :, None] * columns[:, None, :], 12 * grid)
    parts = np.concatenate(list(Bootstrap(resamples=300).counts(12, 100_000, crossed)))
    np.testing.assert_array_equal(parts, counts)


def test_intervals_of_crossed_seeds_cover_what_all_trials_as_one_do_not() -> None:
    random = np.random.default_rng(8)
    # 300 samples of 12 x 12 trials whose spread comes of the rows alone; the true median is 0
    cells = np.repeat(random.normal(size=(300, 12)), 12, axis=1)
    cells += 0.01 * random.normal(size=cells.shape)
    crossed = np.array([np.repeat(np.arange(12), 12), np.tile(np.arange(12), 12)])

    def covered(*of: np.ndarray) -> float:
        drawn = np.concatenate(list(Bootstrap(resamples=300).counts(144, 300, *of)))
        low, high = Bootstrap().interval(Ranked.of(cells).resampled(drawn))
        return float(np.mean((low <= 0) & (high >= 0)))

    assert covered(crossed) > 0.9
    assert covered() < 0.6
