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

WRITTEN_OUT = 8
"""So many terms of a sum stand one after another; of more there is a sigma."""


class Expression:
    """A formula. Arithmetic with it, and with plain numbers, makes larger ones: 1 - a**2."""

    def __add__(self, other: "Part") -> "Expression":
        return plus(self, other)

    def __radd__(self, other: "Part") -> "Expression":
        return plus(other, self)

    def __sub__(self, other: "Part") -> "Expression":
        return plus(self, -lifted(other))

    def __rsub__(self, other: "Part") -> "Expression":
        return plus(other, -self)

    def __mul__(self, other: "Part") -> "Expression":
        return times(self, other)

    def __rmul__(self, other: "Part") -> "Expression":
        return times(other, self)

    def __truediv__(self, other: "Part") -> "Expression":
        return call("ratio", self, other)

    def __rtruediv__(self, other: "Part") -> "Expression":
        return call("ratio", other, self)

    def __pow__(self, other: "Part") -> "Expression":
        return call("power", self, other)

    def __neg__(self) -> "Expression":
        return call("negative", self)


Part = Expression | float


@dataclass(frozen=True)
class Quantity(Expression):
    """A number that the derivation has a name for; `symbols` has the kinds.

    It is of a layer of weights, counted from 1, 0 for the inputs; of the neuron `to` there and that
    of the layer before, `origin`; of a sample, 0 for what all samples share.
    """

    kind: str
    layer: int = 0
    to: Index = 0
    origin: Index = 0
    sample: Index = 0

    def about(self, kind: str, sample: Index = 0) -> "Quantity":
        """Another quantity of the same parameter, of all samples unless one is named."""
        return Quantity(kind, self.layer, self.to, self.origin, sample)


@dataclass(frozen=True)
class Number(Expression):
    """A constant of a formula, or what stands in the place of a quantity."""

    value: Value


@dataclass(frozen=True)
class Node(Expression):
    """An operation of `OPERATIONS` on other expressions.

    "partial", the derivative of the first by the second, and "dots", terms left out, are to be
    shown only.
    """

    operation: str
    parts: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Series(Expression):
    """The sum of term(1) ... term(count); with a letter for its argument, term is the general one.

    Up to `WRITTEN_OUT` terms stand one after another, more are written with a sigma.
    """

    letter: str
    count: int
    term: Callable[[Index], Expression]

    @property
    def written_out(self) -> Node:
        """The sum of all terms, one after another."""
        return Node("sum", tuple(self.term(at) for at in range(1, self.count + 1)))


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


def lifted(part: Part) -> Expression:
    """A plain number as an expression."""
    return part if isinstance(part, Expression) else Number(part)


def call(name: str, *arguments: Part) -> Expression:
    """An operation on these."""
    return Node(name, tuple(map(lifted, arguments)))


def parts_of(tree: Expression, operation: str) -> tuple[Expression, ...]:
    """The terms of a sum or the factors of a product; what is neither is the only one."""
    return tree.parts if isinstance(tree, Node) and tree.operation == operation else (tree,)


def plus(*terms: Part) -> Expression:
    """The sum of these, the first of which may be one itself; one alone stays what it is."""
    first, *others = map(lifted, terms)
    return Node("sum", (*parts_of(first, "sum"), *others)) if others else first


def times(*factors: Part) -> Expression:
    """The product of these and of their factors, but those of exactly 1."""
    of_factors = (parts_of(lifted(factor), "product") for factor in factors)
    left = tuple(part for parts in of_factors for part in parts if part != ONE)
    return Node("product", left) if len(left) > 1 else (*left, ONE)[0]


ONE = Number(1)
HALF = ONE / 2


def series(letter: str, count: int, term: Callable[[Index], Expression]) -> Expression:
    """A sum of `count` terms; one alone stays what it is."""
    return term(1) if count == 1 else Series(letter, count, term)


def replace(
    tree: Expression,
    leaf: Callable[[Quantity], Expression],
    terms: Callable[[Series], Expression] = lambda series: series.written_out,
) -> Expression:
    """The tree with every quantity replaced, and before that every series by its `terms`."""
    match tree:
        case Quantity():
            return leaf(tree)
        case Series():
            inner = terms(tree)
            if not isinstance(inner, Series):
                return replace(inner, leaf, terms)
            general = inner.term
            return Series(inner.letter, inner.count, lambda at: replace(general(at), leaf, terms))
        case Node(operation, parts):
            return Node(operation, tuple(replace(part, leaf, terms) for part in parts))
    return tree


def excerpt(tree: Series) -> Expression:
    """The terms of a series; of a long one three."""
    if tree.count <= WRITTEN_OUT:
        return tree.written_out
    return Node("sum", (tree.term(1), tree.term(2), Node("dots"), tree.term(tree.count)))


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
            return compute(tree.written_out, number)
        case Node(operation, parts):
            return OPERATIONS[operation](*(compute(part, number) for part in parts))
    raise TypeError(f"{tree}: is no formula")
