"""What each quantity of the derivation is called: the course's letters, or layers and numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sweep.catalogue import NUMBERS
from sweep.course.expression import Quantity
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
_BELOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

LETTERS = {
    name: Symbol(row.symbol[:1], row.symbol[1:].translate(_BELOW)) for name, row in NUMBERS.items()
} | {
    "clip_norm": Symbol("c"),
    "factor": Symbol("f"),
    "clipping": Symbol("κ"),
    "updates": Symbol("n"),
    "difference": Symbol("h"),
    "loss": E_TOTAL,
}
"""Quantities of which there is one: an optimizer's numbers, the schedule's factor, and others."""


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

    def weight(self, q: Quantity) -> Symbol:
        """The weight or bias that a quantity is of; with a plus if it is that after the update."""
        above = "+" * q.kind.startswith("next_")
        if "bias" in q.kind:
            return Symbol("b", self.place(q), above)
        if not self.course:
            return Symbol("w", f"{q.layer},{q.to},{q.origin}", above)
        before = sum(to * origin for to, origin in self.network.shapes[: q.layer - 1])
        within = (int(q.to) - 1) * self.network.layers[q.layer - 1] + int(q.origin)
        return Symbol("W", str(before + within), above)

    def kept(self, q: Quantity) -> Symbol:
        """What the optimizer keeps of a parameter."""
        own = self.weight(q)
        return Symbol(q.kind[-1], "b" * (own.base == "b") + own.below, own.above)

    def output(self, q: Quantity) -> Symbol:
        """An activation."""
        return Symbol("A", self.place(q), self.sample(q))

    def entering(self, q: Quantity) -> Symbol:
        """The activation or input from which a weight comes."""
        before = Quantity("output", q.layer - 1, q.origin, sample=q.sample)
        return self.numbered("I", before) if q.layer == 1 else self.output(before)

    def sum(self, q: Quantity) -> Symbol:
        """What the activation takes: h and o, or z."""
        if not self.course:
            return Symbol("z", self.place(q), self.sample(q))
        return self.numbered("o" if self.last(q) else "h", q)

    def rate(self, q: Quantity) -> Symbol:
        """A learning rate, which several layers or their biases may share."""
        of_bias = q.kind == "bias_rate" and self._bias_rates > 0
        count = self._bias_rates if of_bias else self._rates
        return Symbol("η", ",".join(["b"] * of_bias + [str(q.layer)] * (count > 1)))

    def numbered(self, letter: str, q: Quantity) -> Symbol:
        """A target, an input or an output's part of the loss."""
        return Symbol(letter, str(q.to), self.sample(q))

    def decided(self, q: Quantity, *, alone: bool) -> Symbol:
        """The loss; or an output's own part of it, where that alone changes."""
        return self.numbered("E", q) if alone and self.last(q) else E_TOTAL

    @property
    def apart(self) -> bool:
        """Whether a last sum decides one part of the loss only."""
        return self.network.activations[-1] != "softmax"

    def path(self, q: Quantity) -> Derivative:
        """What an activation does to the loss by way of one neuron of the next layer."""
        through = None if self.apart and self.last(q) else self.sum(q)
        return Derivative(self.decided(q, alone=self.apart), self.entering(q), through=through)

    def last(self, q: Quantity) -> bool:
        """Whether a quantity is of the last layer."""
        return q.layer == len(self.network.shapes)

    def place(self, q: Quantity) -> str:
        """The layer and neuron, as far as they must be said."""
        return f"{'O' if self.last(q) else 'H'}{q.to}" if self.course else f"{q.layer},{q.to}"

    def sample(self, q: Quantity) -> str:
        """Whose it is, if a step sees several samples."""
        return f"({q.sample})" if q.sample and self.samples > 1 else ""


_KINDS: Mapping[str, Callable[[Notation, Quantity], Glyph]] = {
    "input": lambda self, q: self.numbered("I", q),
    "target": lambda self, q: self.numbered("T", q),
    "term": lambda self, q: self.numbered("E", q),
    "multiplier": lambda self, q: Symbol("m", str(q.layer)),
    "rate": Notation.rate,
    "bias_rate": Notation.rate,
    "sum": Notation.sum,
    "output": Notation.output,
    "slope": lambda self, q: Derivative(self.output(q), self.sum(q)),
    "by_output": lambda self, q: Derivative(self.decided(q, alone=True), self.output(q)),
    "by_sum": lambda self, q: Derivative(self.decided(q, alone=self.apart), self.sum(q)),
    "path": Notation.path,
    "sum_by_weight": lambda self, q: Derivative(self.sum(q), self.weight(q.about("weight"))),
    "sum_by_output": lambda self, q: Derivative(self.sum(q), self.entering(q)),
    "by_weight": lambda self, q: Derivative(E_TOTAL, self.weight(q), self.sample(q)),
    "by_bias": lambda self, q: Derivative(E_TOTAL, self.weight(q), self.sample(q)),
    "by_any": lambda self, q: Derivative(E_TOTAL, Symbol("w", str(q.to))),
} | {
    f"{when}{kind}{letter}": Notation.kept if letter else Notation.weight
    for when in ("", "next_")
    for kind in ("weight", "bias")
    for letter in ("", "_s", "_v")
}

_NAMES = {
    "η": "eta", "μ": "momentum", "α": "alpha", "β": "beta", "ε": "epsilon", "λ": "decay",
    "c": "clip",
}  # fmt: skip


def cell_name(notation: Notation, quantity: Quantity) -> str:
    """The name of a given number's cell: W_5, since W5 is a cell of its own; I_1_s2 of sample 2.

    Raises:
        TypeError: the quantity is a derivative, which has a column and no name.
    """
    glyph = notation(quantity)
    if isinstance(glyph, Derivative):
        raise TypeError(f"{quantity}: has no name")
    parts = [_NAMES.get(glyph.base, glyph.base), *glyph.below.split(",")]
    parts += [f"s{glyph.above.strip('()')}"] * bool(glyph.above)
    return "_".join(part for part in parts if part)
