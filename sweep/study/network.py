"""The shape of a fully connected network and the names of its parameters."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise


@dataclass(frozen=True)
class Network:
    """A fully connected network.

    `layers` holds the size of every layer, inputs first; `activations` a name in the catalogue for
    each layer but the inputs; `loss` a name there too.
    """

    layers: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool
    loss: str

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The (to, from) shape of each layer's weights, first layer first."""
        return tuple((size, before) for before, size in pairwise(self.layers))

    @property
    def n_parameters(self) -> int:
        """How many numbers a trial trains: all weights, and the biases where there are any."""
        return count_parameters(self.layers, bias=self.bias)

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """One column name a parameter, in parameter order.

        `w1_2_1` is the weight of layer 1 to neuron 2 from neuron 1, `b1_2` that neuron's bias.
        Layer by layer: all weights [to][from], row by row, then the layer's biases.
        """
        return tuple(self._names())

    def _names(self) -> Iterator[str]:
        for layer, (size, before) in enumerate(self.shapes, start=1):
            for to in range(1, size + 1):
                for origin in range(1, before + 1):
                    yield f"w{layer}_{to}_{origin}"
            if self.bias:
                yield from (f"b{layer}_{to}" for to in range(1, size + 1))


def count_parameters(layers: tuple[int, ...], *, bias: bool) -> int:
    """How many weights and biases a network of these layer sizes has."""
    return sum((before + bias) * size for before, size in pairwise(layers))
