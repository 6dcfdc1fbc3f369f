from collections.abc import Sequence

import numpy as np
import pytest

from .philox import KNOWN_ANSWERS, initial_parameters, philox, uniform
from .problem import PROBLEMS, Problem


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_published_answers(
    counter: Sequence[int], key: Sequence[int], answer: Sequence[int]
) -> None:
    assert philox(counter, key) == answer


def test_rounds_are_those_of_numpys_wider_philox() -> None:
    key = (0x0123456789ABCDEF, 0xFEDCBA9876543210)
    twin = np.random.Philox(counter=[41, 7, 0, 3], key=np.array(key, np.uint64))
    # NumPy counts up before it draws.
    assert philox((42, 7, 0, 3), key, bits=64) == tuple(map(int, twin.random_raw(4)))


def test_both_words_of_a_seed_and_the_parameter_count() -> None:
    seeds = (0, 1, 2**32, 2**64 - 1)
    assert len({uniform(seed, parameter) for seed in seeds for parameter in range(4)}) == 16


def test_uniform_numbers_are_exact_and_never_reach_the_ends() -> None:
    drawn = [uniform(seed, 0) for seed in range(1000)]
    assert all(0 < u < 1 and (u * 2.0**53) % 2 == 1 for u in drawn)
    assert abs(np.mean(drawn) - 0.5) < 0.03  # three standard errors: 3 / sqrt(12 * 1000)


def test_normal_weights_have_the_uniform_numbers_as_their_probabilities() -> None:
    problem = PROBLEMS["linear"]
    drawn = initial_parameters(problem, "normal", seed=5)
    context = drawn[0].context
    for parameter, value in enumerate(drawn):
        assert abs(context.ncdf(value) - uniform(5, parameter)) < 1e-38


def test_schemes_differ_by_their_factors() -> None:
    problem = Problem(
        (8, 4), ("identity",), True, "half_squared_error", ((0.0,) * 8,), ((0.0,) * 4,)
    )

    def drawn(scheme: str, scale: float = 1.0) -> np.ndarray:
        return np.array([float(x) for x in initial_parameters(problem, scheme, 3, scale)])

    # 1e-15: a rounding of each side
    np.testing.assert_allclose(drawn("xavier"), drawn("uniform") * 0.5**0.5, rtol=1e-15)
    np.testing.assert_allclose(drawn("he", 3.0), drawn("normal") * 1.5, rtol=1e-15)
    assert not drawn("he")[32:].any()
