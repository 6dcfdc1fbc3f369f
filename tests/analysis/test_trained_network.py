"""A trained network, taken out of results, does what the kernel trained it to do."""

import sys
from pathlib import Path

import numpy as np
import pytest

import sweep
from sweep.catalogue import ACTIVATIONS
from sweep.errors import RequestError
from sweep.study import Study

XOR = """
[network]
layers = [2, 3, 2]
activation = ["{activation}", "sigmoid"]
bias = true
[data]
inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
targets = [[1, 0], [0, 1], [0, 1], [1, 0]]
[initial]
scheme = "xavier"
[training]
steps = 20
[record]
parameters = "every 10"
[axes]
learning_rate = [0.1, 0.3]
"network.multiplier" = [1, 0.5]
"""
INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
TARGETS = np.array([[1, 0], [0, 1], [0, 1], [1, 0.0]])


def load(tmp_path: Path, activation: str = "tanh") -> Study:
    path = tmp_path / "xor.toml"
    path.write_text(XOR.format(activation=activation))
    return sweep.load_study(path)


def half_squared_error(outputs: np.ndarray) -> float:
    return float(((TARGETS - outputs) ** 2).sum() / 2 / len(TARGETS))


def test_its_loss_is_the_one_that_was_measured(tmp_path: Path) -> None:
    load(tmp_path)
    edits = ['axes.training.dtype=["float64", "float32"]']
    results = sweep.run(tmp_path / "xor.toml", overrides=edits, results=tmp_path, progress=False)
    trials = results.trials().set_index("trial")
    for trial, row in trials.iterrows():
        trained = sweep.network(results, int(str(trial)))
        close = 1e-13 if row["training.dtype"] == "float64" else 1e-6  # of float32's own rounding
        assert half_squared_error(trained(INPUTS)) == pytest.approx(row["final_loss"], rel=close)
    first, early = sweep.network(results, 0), sweep.network(results, 0, step=10)
    curves = results.curves([0]).set_index("step")["loss"]
    assert half_squared_error(early(INPUTS)) == pytest.approx(curves[10], rel=1e-13)
    assert repr(first) == "<TrainedNetwork 2-3-2, tanh, sigmoid, step 20>"
    by_directory = sweep.network(results.directory, 0)
    assert by_directory.parameters.tolist() == first.parameters.tolist()
    assert first(INPUTS[1]).tolist() == first(INPUTS)[1].tolist()


@pytest.mark.parametrize("activation", sorted(set(ACTIVATIONS) - {"softmax"}))
@pytest.mark.check
def test_pytorch_predicts_the_same(tmp_path: Path, activation: str) -> None:
    pytest.importorskip("torch", reason="the extra `peers` is not installed")
    import torch  # noqa: PLC0415

    points = {"learning_rate": [0.1, 0.2], "multiplier": [0.5, 1.0]}
    found = sweep.evaluate(load(tmp_path, activation), points, parameters=True)
    inputs = np.random.default_rng(1).normal(0, 20, (1000, 2))
    for trial in range(2):
        trained = sweep.network(found, trial)
        theirs = trained.to_torch()(torch.tensor(inputs)).detach().numpy()
        np.testing.assert_allclose(theirs, trained(inputs), rtol=1e-12, atol=1e-12)


def test_softmax_and_networks_without_biases_too(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    load(tmp_path)
    edits = ['network.activation=["sigmoid", "softmax"]', "network.bias=false"]
    study = sweep.load_study(tmp_path / "xor.toml", edits)
    points = {"learning_rate": 1.0, "multiplier": 1.0}
    trained = sweep.network(sweep.evaluate(study, points, parameters=True), 0)
    assert trained(INPUTS).sum(axis=1) == pytest.approx(1, rel=1e-15)
    theirs = trained.to_torch()(torch.tensor(INPUTS)).detach().numpy()
    np.testing.assert_allclose(theirs, trained(INPUTS), rtol=1e-12)


def test_what_was_not_kept_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = load(tmp_path)
    points = {"learning_rate": [0.1], "multiplier": 0.5}
    found = sweep.evaluate(study, points, parameters=True)
    with pytest.raises(RequestError, match="trial 1: no parameters were kept of a trial of this"):
        sweep.network(found, 1)
    with pytest.raises(RequestError, match=r"trial 0: .* at step 11, but at 0, 10, 20"):
        sweep.network(found, 0, step=11)
    with pytest.raises(RequestError, match="trial 0: no parameters"):
        sweep.network(sweep.evaluate(study, points, curves=True), 0)
    trained = sweep.network(found, 0)
    with pytest.raises(RequestError, match=r"inputs of shape \(1, 3\) for a network of 2 a row"):
        trained([1, 2, 3])
    with pytest.raises(RequestError, match="inputs: could not convert string"):
        trained([["a", "b"]])
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(RequestError, match="to_torch needs PyTorch: pip install torch"):
        trained.to_torch()
