"""What each quantity of the derivation is called: the course's letters, or layers and numbers."""

from collections.abc import Callable
from dataclasses import dataclass

from sweep.course.expression import Index, Quantity
from sweep.study import Network

COURSE_WIDTH, COURSE_WEIGHTS = 8, 48
"""The widest layer, and the most weights, that are told by the course's letters."""


@dataclass(frozen=True)
class Symbol:
    """A letter with what stands below and above it."""

    base: str
    below: str = ""
    above: str = ""


@dataclass(frozen=True)
class Derivative:
    """The derivative of one symbol by another; `through` says by which way only, `of` of what."""

    top: Symbol
    bottom: Symbol
    of: str = ""
    through: Symbol | None = None


Glyph = Symbol | Derivative

E_TOTAL = Symbol("E", "T")

SETTINGS = {
    "momentum": Symbol("μ"),
    "alpha": Symbol("α"),
    "beta1": Symbol("β", "1"),
    "beta2": Symbol("β", "2"),
    "epsilon": Symbol("ε"),
    "weight_decay": Symbol("λ"),
    "clip_norm": Symbol("c"),
}
"""The numbers of an optimizer."""

LETTERS = SETTINGS | {
    "factor": Symbol("f"),
    "clipping": Symbol("κ"),
    "updates": Symbol("n"),
    "difference": Symbol("h"),
}
"""Quantities of which there is one: the schedule's factor, that of clipping, and others."""


class Notation:
    """The glyphs of one network's quantities.

    With at most one hidden layer of a few neurons they are the course's: I, h, A_H, o, A_O, T and
    weights W1, W2, ... counted through all layers. Otherwise z2_1 is the sum of neuron 1 of layer
    2 and w2_1_3 the weight to it from neuron 3, as the columns of saved parameters are called.
    """

    def __init__(self, network: Network, samples: int, rates: int = 1, bias_rates: int = 0) -> None:
        self.network, self.samples = network, samples
        self.course = (
            len(network.shapes) <= 2
            and max(network.layers) <= COURSE_WIDTH
            and sum(to * origin for to, origin in network.shapes) <= COURSE_WEIGHTS
        )
        self._rates, self._bias_rates = rates, bias_rates

    def __call__(self, quantity: Quantity) -> Glyph:
        """How a quantity is written.

        Raises:
            KeyError: there is no such kind.
        """
        if quantity.kind in LETTERS:
            return LETTERS[quantity.kind]
        return _KINDS[quantity.kind](self, quantity)

    def weight(self, q: Quantity, *, after: bool = False) -> Symbol:
        """A weight or bias; with a plus where it is that after the update."""
        above = "+" if after else ""
        if q.kind.removeprefix("next_") == "bias":
            return Symbol("b", self._place(q), above)
        if not self.course:
            return Symbol("w", f"{q.layer},{q.to},{q.origin}", above)
        before = sum(to * origin for to, origin in self.network.shapes[: q.layer - 1])
        within = (int(q.to) - 1) * self.network.layers[q.layer - 1] + int(q.origin)
        return Symbol("W", str(before + within), above)

    def output(self, layer: int, to: Index, sample: Index) -> Symbol:
        """An activation, or an input if the layer is 0."""
        if layer == 0:
            return Symbol("I", str(to), self._sample(sample))
        return Symbol("A", self._place(Quantity("output", layer, to)), self._sample(sample))

    def sum(self, q: Quantity) -> Symbol:
        """What the activation takes: h and o, or z."""
        above = self._sample(q.sample)
        if not self.course:
            return Symbol("z", f"{q.layer},{q.to}", above)
        return Symbol("o" if self._last(q) else "h", str(q.to), above)

    def rate(self, q: Quantity, *, of_bias: bool) -> Symbol:
        """A learning rate, which several layers or their biases may share."""
        parts = ["b"] * (of_bias and self._bias_rates > 0)
        count = self._bias_rates if of_bias and self._bias_rates else self._rates
        parts += [str(q.layer)] * (count > 1)
        return Symbol("η", ",".join(parts))

    def target(self, q: Quantity) -> Symbol:
        """What an output should be."""
        return Symbol("T", str(q.to), self._sample(q.sample))

    def term(self, q: Quantity) -> Symbol:
        """An output's part of the loss."""
        return Symbol("E", str(q.to), self._sample(q.sample))

    def kept(self, q: Quantity, letter: str) -> Symbol:
        """What the optimizer keeps of a parameter."""
        after = q.kind.startswith("next_")
        kind = "bias" if "bias" in q.kind else "weight"
        own = self.weight(Quantity(kind, q.layer, q.to, q.origin))
        return Symbol(letter, own.below if own.base != "b" else f"b{own.below}", "+" * after)

    def through(self, q: Quantity) -> Derivative:
        """What an activation does to the loss by way of one neuron of the next layer."""
        bottom = self.output(q.layer - 1, q.origin, q.sample)
        if self._alone(q):
            return Derivative(self.term(q), bottom)
        return Derivative(E_TOTAL, bottom, through=self.sum(q))

    def by_sum(self, q: Quantity) -> Derivative:
        """What a sum does to the loss; that of an output to its own part of it."""
        return Derivative(self.term(q) if self._alone(q) else E_TOTAL, self.sum(q))

    def whole(self, q: Quantity) -> Derivative:
        """What a parameter does to the loss, or to a sample's part of it."""
        kind = q.kind.removeprefix("by_")
        return Derivative(
            E_TOTAL,
            self.weight(Quantity(kind, q.layer, q.to, q.origin)),
            self._sample(q.sample),
        )

    def by_output(self, q: Quantity) -> Derivative:
        """What an activation does to the loss; that of an output to its own part of it."""
        top = self.term(q) if self._last(q) else E_TOTAL
        return Derivative(top, self.output(q.layer, q.to, q.sample))

    def _alone(self, q: Quantity) -> bool:
        """Whether a sum decides one part of the loss only."""
        return self._last(q) and self.network.activations[-1] != "softmax"

    def _last(self, q: Quantity) -> bool:
        return q.layer == len(self.network.shapes)

    def _place(self, q: Quantity) -> str:
        if not self.course:
            return f"{q.layer},{q.to}"
        return f"{'O' if self._last(q) else 'H'}{q.to}"

    def _sample(self, sample: Index) -> str:
        return f"({sample})" if sample and self.samples > 1 else ""


def _of_layer(letter: str) -> Callable[[Notation, Quantity], Glyph]:
    return lambda self, q: Symbol(letter, str(q.layer))


_KINDS: dict[str, Callable[[Notation, Quantity], Glyph]] = {
    "input": lambda self, q: self.output(0, q.to, q.sample),
    "target": Notation.target,
    "weight": Notation.weight,
    "bias": Notation.weight,
    "next_weight": lambda self, q: self.weight(q, after=True),
    "next_bias": lambda self, q: self.weight(q, after=True),
    "multiplier": _of_layer("m"),
    "sum": Notation.sum,
    "output": lambda self, q: self.output(q.layer, q.to, q.sample),
    "term": Notation.term,
    "loss": lambda self, q: E_TOTAL,
    "slope": lambda self, q: Derivative(self.output(q.layer, q.to, q.sample), self.sum(q)),
    "by_output": Notation.by_output,
    "by_sum": Notation.by_sum,
    "path": Notation.through,
    "sum_by_weight": lambda self, q: Derivative(
        self.sum(q), self.weight(Quantity("weight", q.layer, q.to, q.origin))
    ),
    "sum_by_output": lambda self, q: Derivative(
        self.sum(q), self.output(q.layer - 1, q.origin, q.sample)
    ),
    "by_weight": Notation.whole,
    "by_bias": Notation.whole,
    "by_any": lambda self, q: Derivative(E_TOTAL, Symbol("w", str(q.to))),
    "rate": lambda self, q: self.rate(q, of_bias=False),
    "bias_rate": lambda self, q: self.rate(q, of_bias=True),
} | {
    f"{when}{kind}_{letter}": lambda self, q: self.kept(q, q.kind[-1])
    for when in ("", "next_")
    for kind in ("weight", "bias")
    for letter in "sv"
}
