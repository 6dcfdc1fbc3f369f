import re
from pathlib import Path

import numpy as np
import pytest

from sweep.errors import RequestError
from sweep.study import find_study, load_study, shipped_studies, text_to_start_from

from .course import COURSE


def test_the_shipped_studies() -> None:
    trials = {path.stem: load_study(path).trials for path in shipped_studies()}
    assert trials == {
        "bifurcation_course": 4096,
        "bifurcation_factorisation": 4096,
        "bifurcation_logistic": 4096,
        "boundary_identity": 256 * 256,
        "boundary_minibatch": 256 * 256,
        "boundary_offset": 256 * 256,
        "boundary_relu": 256 * 256,
        "boundary_single": 256 * 256,
        "boundary_tanh": 256 * 256,
        "lr_by_batch": 2 * 26 * 32 * 5,
        "lr_by_depth": 4 * 17 * 16,
        "lr_by_init": 1024 * 1024,
        "lr_by_optimizer": 6 * 17 * 16,
        "lr_by_scheme": 4 * 17 * 24,
        "lr_by_warmup": 4 * 19 * 16,
        "lr_by_width": 6 * 19 * 8,
        "lr_by_width_mup": 6 * 19 * 8,
        "lr_graphs": 6,
        "lr_graphs_half": 6,
        "lr_range_test": 6 * 16,
        "lr_response": 4096,
        "lr_saturation": 2 * 49 * 64,
        "step_by_step": 1,
    }


@pytest.mark.parametrize("path", shipped_studies(), ids=lambda path: path.stem)
def test_a_shipped_study_begins_with_its_question(path: Path) -> None:
    comment, _, _ = path.read_text().partition("title = ")
    assert comment.startswith("# ")
    assert "?" in comment


def test_the_course_in_numbers() -> None:
    study = load_study(find_study("lr_graphs"))
    assert study.axes[0].values.tolist() == [0.1, 0.2, 0.5, 0.8, 1.0, 2.0]
    assert study.initial.weights.tolist() == [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]
    assert study.data.inputs.tolist() == [[0.05, 0.10]]
    assert study.data.targets.tolist() == [[0.01, 0.99]]
    assert load_study(find_study("lr_graphs_half")).data.targets.tolist() == [[0.5, 0.5]]


def test_the_step_by_step_example_leaves_its_biases() -> None:
    study = load_study(find_study("step_by_step"))
    weights = [0.15, 0.20, 0.25, 0.30, 0.35, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60, 0.60]
    assert study.initial.weights.tolist() == weights
    lanes = study.groups()[0].lanes(np.array([0]))
    assert lanes.weight_rates.ravel().tolist() == [0.5, 0.5]
    assert lanes.bias_rates.ravel().tolist() == [0, 0]


def test_the_response_marks_the_rates_of_the_course() -> None:
    marks = load_study(find_study("lr_response")).plot.mark["learning_rate"]
    assert marks == (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)


def test_a_bare_name_is_found_at_hand_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_study("lr_graphs").is_absolute()
    mine = Path("experiments/lr_graphs.toml")
    mine.parent.mkdir()
    mine.write_text(COURSE)
    assert find_study("lr_graphs") == mine
    assert find_study("./experiments/lr_graphs.toml") == mine


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("lr_graph", "did you mean lr_graphs?"),
        ("", "there is no study of this name"),
        ("..", "there is no study of this name"),
        ("a\0b", "there is no study of this name"),
        ("lr_graphs.toml", "lr_graphs.toml: there is no such file; did you mean lr_graphs?"),
        ("mine/lr_graphs.toml", "there is no such file; did you mean lr_graphs?"),
        ("nowhere/x.toml", "nowhere/x.toml: there is no such file"),
        ("x\n\0.toml", "there is no such file"),
        (f"{'n' * 300}.toml", "there is no such file"),
    ],
)
def test_a_name_that_is_nothing(name: str, complaint: str) -> None:
    with pytest.raises(RequestError) as error:
        find_study(name)
    assert complaint in str(error.value)
    assert str(error.value).isprintable()


def test_a_study_to_start_from_is_copied_with_its_comments(tmp_path: Path) -> None:
    text = text_to_start_from("lr_graphs", tmp_path)
    assert text.startswith("#")
    (tmp_path / "mine.toml").write_text(text)
    assert load_study(tmp_path / "mine.toml").trials == 6
    assert text_to_start_from(tmp_path / "mine.toml", tmp_path) == text
    with pytest.raises(RequestError, match=r"did you mean lr_graphs\?"):
        text_to_start_from("lr_grahps", tmp_path)


def test_the_files_of_a_study_to_start_from_are_there_first(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    data = 'file = "xy.csv"\ntarget_columns = ["y"]\n'
    text = COURSE.replace("[initial]", "[initial]\nscheme = 'he'\n[plot]").replace(
        "2, 2, 2", "1, 1"
    )
    text = re.sub(r"(?s)inputs.*?\n\n", data, text, count=1)
    text = re.sub(r"weights = .*\n", "", text)
    (there / "a.toml").write_text(text)
    (there / "xy.csv").write_text("x,y\n1,2\n")
    with pytest.raises(RequestError, match=r'data.file: "xy.csv" is read from beside the study'):
        text_to_start_from(there / "a.toml", here)
    (here / "xy.csv").write_text("x,y\n1,3\n")
    assert text_to_start_from(there / "a.toml", here) == text
