"""Losses between outputs A and targets T, with their slopes: a table, one row a loss."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sweep.training.elementary import elementary
from sweep.training.lanes import absolute, fma, inlined, select


@dataclass(frozen=True)
class Loss:
    """One row: E = scale * sum of terms, over the outputs of a sample and then over samples.

    scale is `weight` over the number of samples, and over that of outputs if `mean_of_outputs`.

    Attributes:
        add_term: takes a dtype and returns the compiled ``add_term(v, t, total)``, total plus one
            output's term, where v is what the loss looks at.
        slope: compiled; ``slope(a, t, mass)`` times `steepness` is the term's derivative by the
            output, or by the logit if the loss looks at these; mass is the sum of a sample's
            targets.
        sees: "outputs", "logits" (what the last activation takes) or "logarithms" (of outputs).
        activation: of the last layer, if there is but one for this loss.
    """

    add_term: Callable[[str], Any]
    slope: Any
    weight: float
    steepness: float = 1.0
    mean_of_outputs: bool = False
    sees: str = "outputs"
    activation: str = ""

    def make_scales(self, outputs: int) -> tuple[Any, Any]:
        """Return two compiled functions of the number of samples: the scale of terms and slopes.

        Kept apart from the terms, a scale is applied once and not to every one.
        """
        weight, steepness = self.weight, self.steepness
        each = float(outputs) if self.mean_of_outputs else 1.0

        @inlined
        def scale(samples: Any) -> Any:
            return weight / (samples * each)

        @inlined
        def slope_scale(samples: Any) -> Any:
            return steepness * weight / (samples * each)

        return scale, slope_scale


_add_square = inlined(lambda a, t, total: fma(a - t, a - t, total))
_difference = inlined(lambda a, t, mass: a - t)


def _huber(dtype: str) -> Any:
    @inlined
    def add_huber(a: Any, t: Any, total: Any) -> Any:
        """1/2 e^2 within 1 of the target, |e| - 1/2 beyond (Huber, 1964)."""
        distance = absolute(a - t)
        return total + select(distance <= 1.0, 0.5 * distance * distance, distance - 0.5)

    return add_huber


@inlined
def _clipped_difference(a: Any, t: Any, mass: Any) -> Any:
    e = a - t
    return select(e > 1.0, 1.0, select(e < -1.0, -1.0, e))


def _binary_cross_entropy(dtype: str) -> Any:
    softplus = elementary(dtype).softplus

    @inlined
    def add_binary(z: Any, t: Any, total: Any) -> Any:
        """-t log A - (1 - t) log(1 - A) for A = sigmoid(z), where neither logarithm cancels."""
        positive = select(z > 0.0, z, 0.0)
        return total + (fma(-t, z, positive) + softplus(-absolute(z))[0])

    return add_binary


_add_cross_entropy = inlined(lambda log_a, t, total: fma(-t, log_a, total))
_share = inlined(lambda a, t, mass: fma(a, mass, -t))

LOSSES = {
    # E = mean over samples of 1/2 sum_k (A_k - T_k)^2: the course's E_T when there is one sample
    "half_squared_error": Loss(lambda _: _add_square, _difference, 0.5, steepness=2.0),
    # The others as PyTorch has them: MSELoss, HuberLoss (delta = 1), BCEWithLogitsLoss, and
    # CrossEntropyLoss with probabilities as targets.
    "mean_squared_error": Loss(
        lambda _: _add_square, _difference, 1.0, steepness=2.0, mean_of_outputs=True
    ),
    "huber": Loss(_huber, _clipped_difference, 1.0, mean_of_outputs=True),
    "binary_cross_entropy": Loss(
        _binary_cross_entropy,
        _difference,
        1.0,
        mean_of_outputs=True,
        sees="logits",
        activation="sigmoid",
    ),
    "softmax_cross_entropy": Loss(
        lambda _: _add_cross_entropy, _share, 1.0, sees="logarithms", activation="softmax"
    ),
}
