"""Update rules, written once for float64 and for mpmath's numbers: arrays of either.

`problem.Descent` states the formulas; PyTorch's own optimizers are what they are tested against.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .problem import Descent


class Optimizer:
    """Takes steps and remembers what the next one needs.

    `number` makes a float into the kind of number that the arrays have.
    """

    def __init__(
        self, how: Descent, rates: Sequence[Any], number: Callable[[float], Any] = float
    ) -> None:
        self.how, self.number, self.steps = how, number, 0
        self.rates = np.array([number(rate) for rate in rates])
        self.first = self.second = self.rates * 0  # averages of g and of g^2

    def step(self, w: np.ndarray, g: np.ndarray) -> np.ndarray:
        """The parameters after one more step."""
        how, number = self.how, self.number
        eta = self.rates * number(how.factor(self.steps))
        self.steps += 1
        g, decay = self._clipped(g), number(how.weight_decay)
        if how.optimizer == "adamw":
            w = w * (1 - eta * decay)
        else:
            g = g + decay * w
        return w - eta * getattr(self, f"_{how.optimizer}")(g)

    def _clipped(self, g: np.ndarray) -> np.ndarray:
        """`torch.nn.utils.clip_grad_norm_`, and its 1e-6."""
        if self.how.clip_norm == np.inf:
            return g
        factor = self.number(self.how.clip_norm) / (np.sqrt((g * g).sum()) + self.number(1e-6))
        return g * min(factor, self.number(1.0))

    def _sgd(self, g: np.ndarray) -> np.ndarray:
        return g

    def _momentum(self, g: np.ndarray) -> np.ndarray:
        """Polyak, "Some methods of speeding up the convergence of iteration methods", 1964."""
        self.first = self.number(self.how.momentum) * self.first + g
        return self.first

    def _nesterov(self, g: np.ndarray) -> np.ndarray:
        """Sutskever, Martens, Dahl and Hinton, 2013, in the form that PyTorch gives it."""
        return g + self.number(self.how.momentum) * self._momentum(g)

    def _rmsprop(self, g: np.ndarray) -> np.ndarray:
        """Tieleman and Hinton, lecture 6.5, 2012."""
        self.second = _average(self.second, g * g, self.number(self.how.alpha))
        return g / (np.sqrt(self.second) + self.number(self.how.epsilon))

    def _adam(self, g: np.ndarray) -> np.ndarray:
        """Kingma and Ba, "Adam: a method for stochastic optimization", 2015."""
        beta1, beta2 = self.number(self.how.beta1), self.number(self.how.beta2)
        self.first = _average(self.first, g, beta1)
        self.second = _average(self.second, g * g, beta2)
        m, s = self.first / (1 - beta1**self.steps), self.second / (1 - beta2**self.steps)
        return m / (np.sqrt(s) + self.number(self.how.epsilon))

    _adamw = _adam  # Loshchilov and Hutter, "Decoupled weight decay regularization", 2019


def _average(old: np.ndarray, new: np.ndarray, beta: Any) -> np.ndarray:
    return beta * old + (1 - beta) * new
