"""The Python API: a short menu, and the same work as the command line's."""

import signal
from pathlib import Path

import pytest

import sweep
from sweep.errors import RequestError
from sweep.runs import runner, workers

STUDY = """
[network]
layers = [2, 2, 2]
activation = "sigmoid"
bias = false
[data]
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
[initial]
weights = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]]
[training]
steps = 30
[axes]
learning_rate = [0.5, 2.0]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a study of two rates."""
    (tmp_path / "two.toml").write_text(STUDY)
    return tmp_path / "two.toml"


def test_a_study_is_run_and_opened_again(path: Path) -> None:
    results = sweep.run(path, results=path.parent / "results", overrides=["training.steps=20"])
    assert results.trials()["learning_rate"].tolist() == [0.5, 2.0]
    curves = results.curves()
    assert curves.groupby("learning_rate")["step"].max().tolist() == [20, 20]
    opened = sweep.open_results(path.parent / "results" / "two")
    assert opened.content_digest() == results.content_digest()
    assert sweep.load_study(path).training.steps == 30
    assert sweep.load_study(str(path)).training.steps == 30
    assert sweep.load_study("lr_graphs").name == "lr_graphs"


def test_progress_is_told_to_whoever_asks(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[runner.Progress] = []
    sweep.run(path, results=path.parent / "results", progress=told.append)
    assert (told[-1].trials_done, told[-1].trials_total) == (2, 2)
    sweep.run(path, results=path.parent / "elsewhere", progress=False)
    sweep.run(path, results=path.parent / "again")
    assert capsys.readouterr() == ("", "")


def test_the_menu_is_all_there_is() -> None:
    assert all(getattr(sweep, name) for name in sweep.__all__)
    with pytest.raises(AttributeError, match="'sweep' has no attribute 'trian'"):
        sweep.trian  # noqa: B018


def test_ctrl_c_arrives_after_the_finished_trials_are_saved(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = workers.train

    def interrupted(*arguments: object, **options: object) -> object:
        monkeypatch.setattr(workers, "train", train)  # one signal, not two
        signal.raise_signal(signal.SIGINT)
        return train(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(workers, "train", interrupted)
    monkeypatch.setattr(runner, "chunk_size", lambda group, threads: 1)
    many = ["axes.learning_rate={linear=[1,2],num=64}"]
    with pytest.raises(KeyboardInterrupt):
        sweep.run(path, results=path.parent, threads=1, overrides=many)
    study = sweep.load_study(path, many)
    assert 0 < sweep.open_results(path.parent / "two", study).trained < 64


def test_a_wrong_request_raises_before_anything_is_made(path: Path) -> None:
    with pytest.raises(RequestError, match="stepps"):
        sweep.run(path, results=path.parent / "results", overrides=["training.stepps=1"])
    assert sorted(path.parent.iterdir()) == [path]


def test_an_unknown_column_is_named(path: Path) -> None:
    results = sweep.run(path, results=path.parent / "results")
    with pytest.raises(RequestError, match="'nope': no column of trials"):
        results.trials(["nope"])


def test_what_functions_return_is_told_in_a_line(path: Path) -> None:
    results = sweep.run(path, results=path.parent / "results")
    found = [results, results.study, sweep.compare([results, results])]
    found += [sweep.evaluate(path, {"learning_rate": [0.1]}, curves=True)]
    told = [repr(one) for one in found]
    assert "2 of 2 trials" in told[0]
    assert all("\n" not in one for one in told)
    assert [one[0] + one[-1] for one in told] == ["<>"] * 4


def test_the_menu_can_be_completed() -> None:
    assert {"run", "open_results", "load_study"} <= set(dir(sweep))
