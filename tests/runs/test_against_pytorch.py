"""Random studies through `evaluate`, against PyTorch as its users write it."""

from typing import Any

import numpy as np
import pytest

import sweep
from sweep.catalogue import ACTIVATIONS, OPTIMIZERS
from sweep.runs.evaluation import Evaluated

HIDDEN = sorted(set(ACTIVATIONS) - {"softmax", "square", "elu"})
STEPS = 25
LOSSES = {
    "half_squared_error": "identity",
    "mean_squared_error": "tanh",
    "huber": "identity",
    "binary_cross_entropy": "sigmoid",
    "softmax_cross_entropy": "softmax",
}


def random_study(rng: np.random.Generator) -> sweep.Study:
    """A small network of any kind on random samples, full batches, with a validation set."""
    loss = str(rng.choice(list(LOSSES)))
    hidden = rng.integers(1, 9, rng.integers(0, 3)).tolist()
    outputs = int(rng.integers(2 if "softmax" in loss else 1, 4))
    layers = [int(rng.integers(1, 6)), *hidden, outputs]
    activation = [str(rng.choice(HIDDEN)) for _ in hidden]
    inputs = rng.normal(size=(int(rng.integers(1, 30)), layers[0]))
    targets = rng.uniform(0, 1, (len(inputs), outputs))
    if loss == "softmax_cross_entropy":
        targets = np.eye(outputs)[rng.integers(0, outputs, len(inputs))]
    half = max(len(inputs) // 2, 1)
    return sweep.Study(
        "random",
        layers=layers,
        activation=(*activation, LOSSES[loss]),
        bias=bool(rng.integers(2)),
        loss=loss,
        data=(inputs, targets),
        validation=(inputs[:half] + 0.1, targets[:half]),
        scheme=str(rng.choice(["xavier", "he", "uniform"])),
        optimizer=str(rng.choice(list(OPTIMIZERS))),
        steps=STEPS,
        learning_rate=[0.1, 0.2],
        record_parameters=f"every {STEPS}",
    )


def trained_in_torch(
    torch: Any, study: sweep.Study, model: Any, point: dict[str, Any]
) -> tuple[list[float], float]:
    """The losses before each step and after the last, and the loss on validation data."""
    from torch.nn import functional  # noqa: PLC0415

    losses = {
        "half_squared_error": lambda a, t: 0.5 * ((t - a) ** 2).sum(dim=1).mean(),
        "mean_squared_error": functional.mse_loss,
        "huber": functional.huber_loss,
        "binary_cross_entropy": functional.binary_cross_entropy,
        "softmax_cross_entropy": lambda a, t: -(t * a.log()).sum(dim=1).mean(),
    }
    measured = losses[study.network.loss]
    x, t = map(torch.tensor, (study.data.inputs, study.data.targets))
    rate, decay = point["learning_rate"], point["weight_decay"]
    name = study.training.optimizer
    kinds = {"rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}
    if name in kinds:
        kind = getattr(torch.optim, kinds[name])
        optimizer = kind(model.parameters(), lr=rate, weight_decay=decay)
    else:
        momentum = 0.0 if name == "sgd" else 0.9
        optimizer = torch.optim.SGD(
            model.parameters(), lr=rate, momentum=momentum, nesterov=name == "nesterov",
            weight_decay=decay,
        )  # fmt: skip
    curve = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = measured(model(x), t)
        loss.backward()
        if np.isfinite(point["clip_norm"]):
            torch.nn.utils.clip_grad_norm_(model.parameters(), point["clip_norm"])
        optimizer.step()
        curve.append(loss.item())
    with torch.no_grad():
        v, u = map(
            torch.tensor,
            (study.groups()[0].validation.inputs, study.groups()[0].validation.targets),
        )
        return [*curve, measured(model(x), t).item()], measured(model(v), u).item()


def compare(torch: Any, seed: int) -> int:
    """Train three points of a random study both ways; return how many were compared."""
    rng = np.random.default_rng(seed)
    study = random_study(rng)
    adaptive = study.training.optimizer in ("adam", "adamw", "rmsprop")
    points = {
        "learning_rate": 10.0 ** rng.uniform(-3, -2 if adaptive else -0.5, 3),
        "seed": rng.integers(0, 100, 3),
        "weight_decay": [0.0, 0.01, 0.1],
        "clip_norm": [np.inf, 1.0, 0.1],
    }
    found = sweep.evaluate(study, points, curves=True, parameters=True)
    assert isinstance(found, Evaluated)
    for trial in range(3):
        point = {name: column[trial] for name, column in points.items()}
        model = sweep.network(found, trial, step=0).to_torch()
        curve, validation = trained_in_torch(torch, study, model, point)
        ours = found.curves.loc[found.curves["trial"] == trial, "loss"].to_numpy()
        # 25 steps of a gradient that two programs round differently; adaptive ones divide by it
        np.testing.assert_allclose(
            ours, curve, rtol=1e-8, atol=1e-12, err_msg=f"{seed} {study.network}"
        )
        row = found.trials.iloc[trial]
        assert row["validation_loss"] == pytest.approx(validation, rel=1e-8, abs=1e-12), seed
        x = torch.tensor(study.data.inputs)
        outputs = sweep.network(found, trial)(study.data.inputs)
        np.testing.assert_allclose(outputs, model(x).detach().numpy(), rtol=1e-6, atol=1e-8)
    return 3


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(9), id="nine", marks=pytest.mark.check),
        pytest.param(range(60), id="sixty", marks=pytest.mark.soak),
    ],
)
def test_random_studies_are_what_pytorch_makes_of_them(seeds: range) -> None:
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    torch.set_num_threads(1)
    assert sum(compare(torch, seed) for seed in seeds) == 3 * len(seeds)
