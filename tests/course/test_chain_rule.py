"""Every formula of the derivation against the same number from NumPy's passes and the oracle."""

from collections.abc import Iterator

import numpy as np
import pytest

from sweep.course.backpropagation import Numbers, passes
from sweep.course.chain_rule import Definitions
from sweep.course.expression import Quantity, compute
from sweep.study import Network

from ..oracles import naive
from ..oracles.problem import PROBLEMS, Problem

NETWORKS = 3


def network_of(problem: Problem) -> Network:
    return Network(problem.layers, problem.activations, problem.bias, problem.loss)


def parameters_of(problem: Problem) -> np.ndarray:
    return np.random.default_rng(5).normal(size=(NETWORKS, problem.n_parameters))


def numbers_of(problem: Problem) -> Numbers:
    multipliers = np.repeat([problem.factors], NETWORKS, axis=0).T
    inputs, targets = np.array(problem.inputs), np.array(problem.targets)
    network = network_of(problem)
    return Numbers(passes(network, parameters_of(problem), inputs, targets, multipliers))


def defined(problem: Problem) -> Iterator[Quantity]:
    """Every quantity of a network that has a formula, updates apart."""
    last, softmax = len(problem.shapes), problem.activations[-1] == "softmax"
    logits = problem.loss.endswith("cross_entropy")
    yield Quantity("loss")
    for layer, (n_out, n_in) in enumerate(problem.shapes, start=1):
        for j in range(1, n_out + 1):
            for sample in range(1, len(problem.inputs) + 1):
                yield from (Quantity(k, layer, j, sample=sample) for k in ("sum", "output"))
                if layer < last or not logits:
                    yield Quantity("by_output", layer, j, sample=sample)
                if layer < last or not (softmax or logits):
                    yield Quantity("slope", layer, j, sample=sample)
                else:
                    yield Quantity("by_sum", layer, j, sample=sample)
                if layer == last:
                    yield Quantity("term", layer, j, sample=sample)
                for i in range(1, n_in + 1):
                    kinds = ("by_weight", "sum_by_weight", "sum_by_output", "path")
                    yield from (
                        Quantity(k, layer, j, i, sample) for k in kinds[: 4 if layer > 1 else 2]
                    )
            yield from (Quantity("by_weight", layer, j, i) for i in range(1, n_in + 1))
            if problem.bias:
                yield Quantity("by_bias", layer, j)


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_formulas_and_passes_agree(name: str) -> None:
    """Both round at every operation, in different orders; gelu_tanh cancels: ulp of 1."""
    problem, numbers = PROBLEMS[name], numbers_of(PROBLEMS[name])
    formulas = Definitions(
        network_of(problem), len(problem.inputs), multiplied=bool(problem.multipliers)
    )
    for quantity in defined(problem):
        found, expected = np.broadcast_arrays(
            compute(formulas.of(quantity), numbers.__getitem__), numbers[quantity]
        )
        np.testing.assert_allclose(found, expected, rtol=2e-14, atol=2e-15, err_msg=str(quantity))


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_losses_and_gradients_are_those_of_the_oracle(name: str) -> None:
    """Sums in another order, and losses from logits in another form: 1e-14 of the largest."""
    problem, numbers = PROBLEMS[name], numbers_of(PROBLEMS[name])
    formulas = Definitions(network_of(problem), len(problem.inputs))
    losses = numbers[Quantity("loss")]
    names = [p for layer in range(1, formulas.last + 1) for p in formulas.parameters(layer)]
    gradients = np.array(
        [numbers[Quantity(f"by_{p.kind}", p.layer, p.to, p.origin)] for p in names]
    )
    for at, parameters in enumerate(parameters_of(problem)):
        np.testing.assert_allclose(losses[at], naive.loss(problem, parameters), rtol=1e-14)
        expected = naive.gradient(problem, parameters)
        tolerance = 1e-14 * abs(expected).max()
        np.testing.assert_allclose(gradients[:, at], expected, rtol=0, atol=tolerance)
