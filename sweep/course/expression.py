"""Formulas as trees: written in several languages, filled with numbers, and computed."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from sweep.analysis.networks import normal

Index = int | str
"""Which one, counted from 1; or a letter that stands for any."""

Value = Any
"""A float, or an array with a number for each of several networks."""


@dataclass(frozen=True)
class Quantity:
    """A number that the derivation has a name for.

    Attributes:
        kind: what it is; `notation` has the list, and how each is written.
        layer: of weights, counted from 1; 0 for the inputs.
        to: the neuron of that layer.
        origin: the neuron of the layer before.
        sample: whose it is; 0 for what all samples share.
    """

    kind: str
    layer: int = 0
    to: Index = 0
    origin: Index = 0
    sample: Index = 0


def about(parameter: Quantity, kind: str) -> Quantity:
    """Another quantity of the same parameter, of all samples."""
    return Quantity(kind, parameter.layer, parameter.to, parameter.origin)


@dataclass(frozen=True)
class Number:
    """A constant of a formula, or what stands in the place of a quantity."""

    value: Value


@dataclass(frozen=True)
class Node:
    """An operation of `OPERATIONS` on other expressions.

    "partial", the derivative of the first by the second, and "dots", terms left out, are to be
    shown only.
    """

    operation: str
    parts: tuple["Expression", ...] = ()


@dataclass(frozen=True)
class Series:
    """The sum of term(1) ... term(count); with a letter for its argument, term is the general one.

    Up to `WRITTEN_OUT` terms stand one after another, more are written with a sigma.
    """

    letter: str
    count: int
    term: Callable[[Index], "Expression"]

    @property
    def terms(self) -> tuple["Expression", ...]:
        """All of them."""
        return tuple(self.term(at) for at in range(1, self.count + 1))


Expression = Quantity | Number | Node | Series

WRITTEN_OUT = 8

OPERATIONS: dict[str, Callable[..., Value]] = {
    "sum": lambda *terms: reduce(lambda x, y: x + y, terms),
    "product": lambda *factors: reduce(lambda x, y: x * y, factors),
    "ratio": lambda above, below: above / below,
    "power": lambda base, exponent: base**exponent,
    "negative": lambda x: -x,
    "choice": lambda left, right, yes, no: np.where(left > right, yes, no),
    "pi": lambda: math.pi,
    "exp": np.exp,
    "ln": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "abs": np.abs,
    "max": np.maximum,
    "min": np.minimum,
    "Phi": normal,
    "phi": lambda z: np.exp(-z * z / 2) / math.sqrt(2 * math.pi),
}
"""What each operation of a node gives, in NumPy's float64."""

ONE, TWO = Number(1), Number(2)
DOTS = Node("dots")


def call(name: str, *arguments: Expression) -> Expression:
    """An operation on these."""
    return Node(name, arguments)


def ratio(above: Expression, below: Expression) -> Expression:
    """One over the other."""
    return Node("ratio", (above, below))


HALF = ratio(ONE, TWO)


def plus(*terms: Expression) -> Expression:
    """The sum of these; one alone stays what it is."""
    return terms[0] if len(terms) == 1 else Node("sum", terms)


def negative(inner: Expression) -> Expression:
    """Minus something."""
    return Node("negative", (inner,))


def minus(left: Expression, right: Expression) -> Expression:
    """The difference."""
    return plus(left, negative(right))


def times(*factors: Expression) -> Expression:
    """The product of these without factors of exactly 1; one alone stays what it is."""
    left = tuple(factor for factor in factors if factor != ONE)
    return (left or (ONE,))[0] if len(left) < 2 else Node("product", left)


def square(base: Expression) -> Expression:
    """The base times itself."""
    return Node("power", (base, TWO))


def partial(above: Expression, below: Expression) -> Expression:
    """The derivative of one by the other, to be shown."""
    return Node("partial", (above, below))


def series(letter: str, count: int, term: Callable[[Index], Expression]) -> Expression:
    """A sum of `count` terms; one alone stays what it is."""
    return term(1) if count == 1 else Series(letter, count, term)


def replace(
    tree: Expression,
    leaf: Callable[[Quantity], Expression],
    terms: Callable[[Series], Expression] = lambda series: Node("sum", series.terms),
) -> Expression:
    """The tree with every quantity replaced, and before that every series by its `terms`."""
    match tree:
        case Quantity():
            return leaf(tree)
        case Number():
            return tree
        case Series():
            inner = terms(tree)
            if isinstance(inner, Series):
                general = inner.term
                return Series(
                    inner.letter, inner.count, lambda at: replace(general(at), leaf, terms)
                )
            return replace(inner, leaf, terms)
    return Node(tree.operation, tuple(replace(part, leaf, terms) for part in tree.parts))


def kept(tree: Series) -> Expression:
    """A series as it is."""
    return tree


def excerpt(tree: Series) -> Expression:
    """The terms of a series; of a long one three."""
    if tree.count <= WRITTEN_OUT:
        return Node("sum", tree.terms)
    return Node("sum", (tree.term(1), tree.term(2), DOTS, tree.term(tree.count)))


def compute(tree: Expression, number: Callable[[Quantity], Value]) -> Value:
    """What the formula gives, in float64; `number` gives what its quantities are.

    Raises:
        KeyError: a quantity has no number, or an operation is to be shown only.
    """
    match tree:
        case Quantity():
            return number(tree)
        case Number(value):
            return value
        case Series():
            return compute(Node("sum", tree.terms), number)
    return OPERATIONS[tree.operation](*(compute(part, number) for part in tree.parts))
