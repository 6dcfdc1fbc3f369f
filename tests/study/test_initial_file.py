"""Initial weights from a file: the same study as with the weights written into it."""

from pathlib import Path

import numpy as np
import pytest

from sweep.errors import RequestError
from sweep.study import load_study

NUMBERS = [0.1, -0.2, 0.3, 0.4, 0.5, -0.6, 7e-1, 1 / 3]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "file.toml"
    path.write_text(
        "[network]\nlayers = [2, 3, 2]\n[data]\ninputs = [[1, 2]]\ntargets = [[0, 1]]\n"
        "[initial]\nfile = 'weights.csv'\n[training]\nsteps = 5\n[axes]\nlearning_rate = [0.1]\n"
    )
    return path


ALL = [*NUMBERS, 9.0, 10.0, 11.0, 12.0]
WRITTEN = [
    [[0.1, -0.2], [0.3, 0.4], [0.5, -0.6]],
    [[0.7, 1 / 3, 9.0], [10.0, 11.0, 12.0]],
]


@pytest.mark.parametrize("separator", [",", "\n", "; ", "\t"])
def test_a_file_of_text_is_the_weights_it_holds(study: Path, separator: str) -> None:
    (study.parent / "weights.csv").write_text(separator.join(map(repr, ALL)) + "\n")
    stated = study.parent / "stated.toml"
    stated.write_text(study.read_text().replace("file = 'weights.csv'", f"weights = {WRITTEN}"))
    (found,), (written,) = load_study(study).groups(), load_study(stated).groups()
    assert found.digest == written.digest
    assert "weights.csv" not in load_study(study).to_toml()


def test_an_array_of_any_shape_does(study: Path) -> None:
    np.save(study.parent / "weights.npy", np.array(ALL).reshape(3, 4))
    (study.parent / "weights.csv").write_text(",".join(map(repr, ALL)))
    (found,) = load_study(study, ["initial.file='weights.npy'"]).groups()
    (text,) = load_study(study).groups()
    assert found.digest == text.digest


def test_a_file_takes_the_place_of_weights_and_the_other_way_round(study: Path) -> None:
    ones = [[[1.0, 1.0]] * 3, [[1.0] * 3] * 2]
    (group,) = load_study(study, [f"initial.weights={ones}"]).groups()
    assert group.initial.weights is not None
    assert set(group.initial.weights) == {1.0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 2 3", r'"weights.csv" has 3 numbers; layers of \[2, 3, 2\] have 12 weights'),
        ("w1,w2", 'must have numbers with commas between and no names, not "w1"'),
        ("", 'must have numbers with commas between and no names, not ""'),
        (",".join(["nan"] * 12), "must have finite numbers, not nan"),
    ],
)
def test_a_file_of_something_else_is_refused(study: Path, text: str, words: str) -> None:
    (study.parent / "weights.csv").write_text(text)
    with pytest.raises(RequestError, match=words) as refused:
        load_study(study)
    assert "initial.file" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_seeds_have_no_effect_on_weights_of_a_file(study: Path) -> None:
    (study.parent / "weights.csv").write_text(",".join(map(repr, ALL)))
    with pytest.raises(RequestError, match="has no effect"):
        load_study(study, ["axes.repeats=3"])
