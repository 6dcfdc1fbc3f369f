"""PyTorch's own functions, gradients, optimizers and schedules, on what the oracles train."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch.optim import lr_scheduler

from .problem import Descent, Problem

Tensor = torch.Tensor

torch.set_num_threads(1)  # more of them cost more than such networks give them to do

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "softplus": functional.softplus,
    "gelu": functional.gelu,
    "gelu_tanh": lambda z: functional.gelu(z, approximate="tanh"),
    "silu": functional.silu,
    "square": torch.square,
    "identity": lambda z: z,
    "softmax": lambda z: functional.softmax(z, dim=-1),
}


def gradient(problem: Problem, parameters: Sequence[float]) -> tuple[float, np.ndarray]:
    """The loss and dE/dw (P,) at parameters (P,)."""
    network = _Network(problem, parameters)
    loss = network.loss(problem)
    loss.backward()
    return loss.item(), network.flat([piece.grad for piece in network.pieces])


def descend(
    problem: Problem,
    initial: Sequence[float],
    steps: int,
    weight_rates: Sequence[float],
    bias_rates: Sequence[float] | None = None,
    how: Descent | None = None,
    schedule: Callable[[Any], Any] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Losses (steps + 1,) and parameters (steps + 1, P).

    `schedule` makes one of `torch.optim.lr_scheduler` from an optimizer; without it the factors
    are what `how` says.
    """
    how = how or Descent()
    network = _Network(problem, initial)
    optimizer = _optimizer(how, network.groups(weight_rates, bias_rates))
    factors = schedule or (lambda of: lr_scheduler.LambdaLR(of, lambda t: _factor(how, t, steps)))
    scheduler = factors(optimizer)
    losses, parameters = [], [network.flat(network.pieces)]
    for step in range(steps):
        optimizer.zero_grad()
        loss = network.loss(how.seen(problem, step))
        loss.backward()
        if how.clip_norm < np.inf:
            torch.nn.utils.clip_grad_norm_(network.pieces, how.clip_norm)
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
        parameters.append(network.flat(network.pieces))
    losses.append(network.loss(how.seen(problem, steps)).item())
    return np.array(losses), np.array(parameters)


def _factor(how: Descent, step: int, steps: int) -> float:
    """A scheduler also asks for the factor after the last step."""
    return how.factor(step) if step < steps else 1.0


class _Network:
    """Weights and biases of each layer, as PyTorch keeps them."""

    def __init__(self, problem: Problem, parameters: Sequence[float]) -> None:
        self.problem = problem
        rest = torch.tensor(np.array(parameters, np.float64))
        self.pieces: list[Tensor] = []
        for to, origin in problem.shapes:
            for shape in [(to, origin), (to,)][: 1 + problem.bias]:
                piece, rest = rest.split([int(np.prod(shape)), len(rest) - int(np.prod(shape))])
                self.pieces.append(piece.reshape(shape).clone().requires_grad_())

    def loss(self, problem: Problem) -> Tensor:
        a, t = (
            torch.tensor(rows, dtype=torch.float64) for rows in (problem.inputs, problem.targets)
        )
        rest = iter(self.pieces)
        for m, name in zip(problem.factors, problem.activations, strict=True):
            z = functional.linear(a, m * next(rest), next(rest) if problem.bias else None)
            a = ACTIVATIONS[name](z)
        match problem.loss:
            case "half_squared_error":
                return functional.mse_loss(a, t, reduction="sum") / 2 / len(t)
            case "mean_squared_error":
                return functional.mse_loss(a, t)
            case "huber":
                return functional.huber_loss(a, t)
            case "binary_cross_entropy":
                return functional.binary_cross_entropy_with_logits(z, t)
            case "softmax_cross_entropy":
                return functional.cross_entropy(z, t)
        raise ValueError(problem.loss)

    def flat(self, pieces: Sequence[Any]) -> np.ndarray:
        return torch.cat([piece.detach().ravel() for piece in pieces]).numpy()

    def groups(
        self, weight_rates: Sequence[float], bias_rates: Sequence[float] | None
    ) -> list[dict[str, Any]]:
        """Each piece with the learning rate of its layer."""
        both = [weight_rates, weight_rates if bias_rates is None else bias_rates]
        rates = [rate for pair in zip(*both, strict=True) for rate in pair[: 1 + self.problem.bias]]
        return [
            {"params": [piece], "lr": float(rate)}
            for piece, rate in zip(self.pieces, rates, strict=True)
        ]


def _optimizer(how: Descent, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    decay, epsilon = how.weight_decay, how.epsilon
    betas = (how.beta1, how.beta2)
    match how.optimizer:
        case "sgd":
            return torch.optim.SGD(groups, weight_decay=decay)
        case "momentum" | "nesterov":
            nesterov = how.optimizer == "nesterov"
            return torch.optim.SGD(
                groups, momentum=how.momentum, nesterov=nesterov, weight_decay=decay
            )
        case "rmsprop":
            return torch.optim.RMSprop(groups, alpha=how.alpha, eps=epsilon, weight_decay=decay)
        case "adam":
            return torch.optim.Adam(groups, betas=betas, eps=epsilon, weight_decay=decay)
        case "adamw":
            return torch.optim.AdamW(groups, betas=betas, eps=epsilon, weight_decay=decay)
    raise NotImplementedError(f"PyTorch has no {how.optimizer}")
