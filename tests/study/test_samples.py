"""Splitting, one-hot targets and standardisation of samples, against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .course import course, group, refused

INPUTS = [[float(i), float(i * i)] for i in range(10)]
TARGETS = [[float(i % 2), 0.5 * i] for i in range(10)]
TEN = f"data={{ inputs={INPUTS}, targets={TARGETS} }}"
CLASSES = (
    f"data={{ inputs={INPUTS}, targets={[[i % 2 * 3 - 1] for i in range(10)]}, one_hot=true }}"
)


@pytest.mark.parametrize(
    ("share", "count"), [(0.06, 1), (0.2, 2), (0.25, 2), (0.35, 4), (0.5, 5), (0.94, 9)]
)
def test_a_share_is_split_off_by_a_seed(share: float, count: int) -> None:
    found = group(TEN, f"validation.share={share}")
    assert found.validation is not None
    assert len(found.validation.inputs) == count
    parts = [*found.data.inputs.tolist(), *found.validation.inputs.tolist()]
    assert sorted(parts) == INPUTS
    assert found.data.inputs.tolist() == sorted(found.data.inputs.tolist())
    for part in (found.data, found.validation):
        assert part.rows is not None
        assert part.rows.tolist() == part.inputs[:, 0].tolist()
        assert part.targets.tolist() == [TARGETS[int(row[0])] for row in part.inputs]


def test_each_seed_splits_in_its_own_way_and_every_sample_is_as_likely() -> None:
    rows = [[i, 1] for i in range(40)]
    data = f"data={{ inputs={rows}, targets={rows} }}"
    study = course(data, "axes.validation.seed={ range=[0, 200] }", "validation.share=0.3")
    apart = [group.validation.inputs[:, 0] for group in study.groups() if group.validation]
    assert len({tuple(one.tolist()) for one in apart}) == 200
    counts = np.bincount(np.concatenate(apart).astype(int), minlength=40)
    assert np.abs(counts - 60).max() < 4 * (200 * 0.3 * 0.7) ** 0.5


def test_the_share_takes_the_place_of_stated_validation_data() -> None:
    stated = "validation={ inputs=[[1, 2]], targets=[[1, 2]] }"
    found = group(TEN, stated, "validation.share=0.2")
    assert found.validation is not None
    assert len(found.validation.inputs) == 2
    again = group(TEN, "validation={ share=0.2 }", "validation.inputs=[[1, 2]]",
                  "validation.targets=[[1, 2]]")  # fmt: skip
    assert again.validation is not None
    assert len(again.validation.inputs) == 1


def test_targets_become_one_hot() -> None:
    found = group(CLASSES, "validation={ inputs=[[1, 2]], targets=[[2]] }")
    assert found.data.targets.tolist() == [[1 - i % 2, i % 2] for i in range(10)]
    assert found.validation is not None
    assert found.validation.targets.tolist() == [[0, 1]]


columns = st.lists(
    st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=2, max_size=2),
    min_size=3,
    max_size=12,
)


@given(columns, st.sampled_from(["inputs", "targets", "both", "nothing"]))
def test_standardised_columns(rows: list[list[float]], scaled: str) -> None:
    found = group(
        f"data={{ inputs={rows}, targets={rows}, standardise='{scaled}' }}",
        "validation={ inputs=[[1, 2]], targets=[[3, 4]] }",
    )
    assert found.validation is not None
    known = np.array(rows)
    for part, other in (("inputs", [[1, 2]]), ("targets", [[3, 4]])):
        values, beside = getattr(found.data, part), getattr(found.validation, part)
        if scaled not in (part, "both"):
            assert values.tolist() == known.tolist()
            assert beside.tolist() == other
            continue
        for column in range(2):
            if len(set(known[:, column])) == 1:
                assert values[:, column].tolist() == [0] * len(rows)
                assert beside[:, column].tolist() == [0]
                continue
            spread = known[:, column].std()
            # What is centred is off by an ulp of what it was.
            slack = 1e-15 * np.abs(known[:, column]).max() / spread + 1e-12
            assert values[:, column].mean() == pytest.approx(0, abs=slack)
            assert values[:, column].std() == pytest.approx(1, abs=slack)
            wanted = (other[0][column] - known[:, column].mean()) / spread
            assert beside[0, column] == pytest.approx(wanted, rel=1e-9, abs=slack)


@pytest.mark.parametrize("size", [1e-257, 1e300, 5e-308])
def test_the_size_of_numbers_does_not_matter(size: float) -> None:
    rows = [[0.0, size], [0.0, -size], [size, size]]
    found = group(f"data={{ inputs={rows}, targets={rows}, standardise='inputs' }}")
    assert found.data.inputs.std(axis=0) == pytest.approx([1, 1])


def test_validation_data_never_touches_the_scale() -> None:
    """The means are those of what is trained on, after the split."""
    found = group(TEN, "validation.share=0.5", "data.standardise='both'")
    assert found.validation is not None
    assert found.data.inputs.mean(axis=0) == pytest.approx([0, 0], abs=1e-12)
    assert abs(found.validation.inputs.mean()) > 1e-3


def test_how_samples_came_about_is_no_part_of_their_identity() -> None:
    made = group(TEN, "validation.share=0.3", "data.standardise='both'")
    assert made.validation is not None
    stated = group(
        f"data={{ inputs={made.data.inputs.tolist()}, targets={made.data.targets.tolist()} }}",
        f"validation={{ inputs={made.validation.inputs.tolist()}, "
        f"targets={made.validation.targets.tolist()} }}",
    )
    assert stated.digest == made.digest


@pytest.mark.parametrize(
    ("edits", "complaint"),
    [
        (["validation.share=0"], "validation.share: of 0 sets 0 of 10 samples apart; both"),
        (["validation.share=0.99"], "validation.share: of 0.99 sets 10 of 10 samples apart"),
        (["validation.share=1"], "validation.share: must be a finite number of at least 0 and be"),
        (["validation.seed=1"], "validation.seed: has no effect: without validation.share"),
        (["data.one_hot=true"], "data.one_hot: needs one target a sample, not 2"),
        ([CLASSES, "data.targets=[[0], [1], [2], [3], [4], [5], [6], [7], [8], [9]]"],
         "data.one_hot: makes 10 targets a sample, one for each value; network.layers = [2, 2, 2]"),
        ([CLASSES, "validation={ inputs=[[1, 2]], targets=[[7]] }"],
         "validation.targets: must have one target a sample, of values that data.targets has"),
        (["data.standardise='all'"], 'data.standardise: must be one of "nothing", "inputs"'),
        (["data={ inputs=[[1e308, 1], [1e308, 2]], targets=[[1, 1], [1, 1]] }",
          "data.standardise='inputs'"], "data.standardise: finds inputs that are too large"),
        (["data.targets=[[1, 2]]"], "data.targets: has 1 sample and data.inputs has 10"),
        (["data={ inputs=[[1, 2]] }"], "data.targets: is missing: data.inputs needs it"),
    ],
)  # fmt: skip
def test_wrong_samples_are_refused(edits: list[str], complaint: str) -> None:
    assert complaint in refused(TEN, *edits)
