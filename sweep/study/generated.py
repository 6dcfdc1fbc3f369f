"""Data sets that are made rather than read, by a seed, the same bits on every machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sweep.study.elementary import circle, hyperbolic_tangent, normal, uniform

MAX_GENERATED = 1_000_000  # how many numbers a set may have

MAX_PARITY = 16

GENERATED: Mapping[str, tuple[str, ...]] = {
    "xor": (),
    "parity": (),
    "spirals": ("samples", "noise", "seed"),
    "moons": ("samples", "noise", "seed"),
    "circles": ("samples", "noise", "seed"),
    "teacher": ("samples", "noise", "seed", "hidden"),
    "white_noise": ("samples", "seed"),
}
"""The numbers that each set takes; see `generate`."""

_TURNS = 1.5  # of a spiral


@dataclass(frozen=True)
class Recipe:
    """What a set is made from: its name, how many inputs and outputs, and the numbers it takes."""

    name: str
    inputs: int
    outputs: int
    samples: int
    noise: float
    seed: int
    hidden: Sequence[int]


def generate(recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """The set's inputs (samples, inputs) and targets (samples, outputs), float64.

    - xor: the four pairs of 0 and 1; 1 where they differ
    - parity: all rows of 0 and 1; 1 where the ones are odd in number
    - spirals: two spirals of 1.5 turns about the origin, sqrt-evenly up to radius 1; 0 and 1
    - moons: two half circles of radius 1 that reach into each other; 0 and 1
    - circles: circles of radius 1 and 1/2 about the origin; 0 and 1
    - teacher: standard normal inputs; the targets are the outputs of a network of `hidden` layers
      of tanh, whose weights are normal with the standard deviation 1/sqrt(from), without biases
    - white_noise: standard normal inputs and, independently, targets

    Normal noise of this standard deviation is added to the inputs of the two-dimensional sets, to
    the targets of `teacher`. The samples of two classes alternate. Too large a set is a ValueError.
    """
    samples = 2**recipe.inputs if recipe.name in ("xor", "parity") else recipe.samples
    if recipe.name in ("xor", "parity") and recipe.inputs > MAX_PARITY:
        raise ValueError(f"has 2^{recipe.inputs} samples; at most 2^{MAX_PARITY}")
    if samples * (recipe.inputs + recipe.outputs) > MAX_GENERATED:
        raise ValueError(
            f"has {samples} samples of {recipe.inputs + recipe.outputs} numbers; "
            f"at most {MAX_GENERATED} numbers in all"
        )
    return _MAKERS[recipe.name](recipe)


def _parity(recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(2**recipe.inputs)[:, np.newaxis]
    bits = rows >> np.arange(recipe.inputs)[::-1] & 1
    return bits.astype(np.float64), (bits.sum(axis=1, keepdims=True) % 2).astype(np.float64)


def _plane(place: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]) -> "_Maker":
    """Two classes in the plane, by where `place` puts the draws of each."""

    def make(recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
        n = recipe.samples
        second = np.arange(n) % 2 == 1
        points = np.stack(place(uniform(recipe.seed, 0, n), second), axis=1)
        noise = normal(recipe.seed, 1, 2 * n).reshape(n, 2)
        return points + recipe.noise * noise, second[:, np.newaxis].astype(np.float64)

    return make


def _spiral(u: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    radius = np.sqrt(u)
    cos, sin = circle(_TURNS * radius)
    signed = np.where(second, -radius, radius)
    return signed * cos, signed * sin


def _moon(u: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cos, sin = circle(u / 2)
    return np.where(second, 1 - cos, cos), np.where(second, 0.5 - sin, sin)


def _ring(u: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cos, sin = circle(u)
    radius = np.where(second, 0.5, 1.0)
    return radius * cos, radius * sin


def _teacher(recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    sizes = [recipe.inputs, *recipe.hidden, recipe.outputs]
    inputs = normal(recipe.seed, 0, recipe.samples * recipe.inputs)
    inputs = inputs.reshape(recipe.samples, recipe.inputs)
    values = inputs
    for layer, (before, size) in enumerate(pairwise(sizes)):
        weights = normal(recipe.seed, 2 + layer, size * before).reshape(size, before)
        total = np.zeros((recipe.samples, size))
        for origin in range(before):  # in this order: a matrix product has none of its own
            total += values[:, origin, np.newaxis] * weights[:, origin]
        values = total / np.sqrt(float(before))
        if layer < len(recipe.hidden):
            values = hyperbolic_tangent(values)
    noise = normal(recipe.seed, 1, values.size).reshape(values.shape)
    return inputs, values + recipe.noise * noise


def _white_noise(recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    inputs, targets = (
        normal(recipe.seed, stream, recipe.samples * size).reshape(recipe.samples, size)
        for stream, size in enumerate((recipe.inputs, recipe.outputs))
    )
    return inputs, targets


_Maker = Callable[[Recipe], tuple[np.ndarray, np.ndarray]]
_MAKERS: Mapping[str, _Maker] = {
    "xor": _parity,
    "parity": _parity,
    "spirals": _plane(_spiral),
    "moons": _plane(_moon),
    "circles": _plane(_ring),
    "teacher": _teacher,
    "white_noise": _white_noise,
}
