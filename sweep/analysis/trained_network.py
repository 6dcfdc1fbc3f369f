"""A trial's trained network, taken out: a function of arrays, or a module of PyTorch."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sweep.analysis.networks import (
    Array,
    forward,
    group_of,
    layers_of,
    multipliers_of,
    parameters_of,
)
from sweep.errors import RequestError
from sweep.runs.evaluation import Evaluated
from sweep.store.results import Results, results_of
from sweep.study import Group, Network, Study

if TYPE_CHECKING:
    import pandas as pd
    import torch
    from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network with the parameters of one trial at one step; call it with inputs.

    Attributes:
        network: its layers, their activations, and whether there are biases.
        step: after how many updates.
        parameters: (P,) float64, in the order of `Network.parameter_names`.
        multipliers: (layers,) float64, of each layer's weighted sums.
    """

    network: Network
    step: int
    parameters: Array
    multipliers: Array

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.network.layers))
        return f"<TrainedNetwork {sizes}, {', '.join(self.network.activations)}, step {self.step}>"

    def __call__(self, inputs: "ArrayLike") -> Array:
        """The outputs (samples, n_out) float64 of inputs (samples, n_in), or (n_out,) of (n_in,).

        What the kernel computes but for rounding, which is float64's here whatever was trained in.

        Raises:
            RequestError: the inputs are of another size, or no numbers.
        """
        try:
            given = np.asarray(inputs, np.float64)
            last = forward(self.network, self.parameters, given, self.multipliers[:, np.newaxis])[
                -1
            ]
        except (ValueError, TypeError) as error:
            raise RequestError(f"inputs: {error}") from None
        outputs: Array = last.outputs[0] if given.ndim > 1 else last.outputs[0, 0]
        return outputs

    def to_torch(self) -> "torch.nn.Sequential":
        """The same network in PyTorch, float64: a `Linear` and an activation for each layer.

        Multipliers are in its weights; a softmax at the end stays there.

        Raises:
            RequestError: PyTorch is not installed.
        """
        try:
            import torch  # noqa: PLC0415 - not needed for anything else, and heavy
        except ImportError:
            raise RequestError("to_torch needs PyTorch: pip install torch") from None
        modules: list[Any] = []
        pieces = layers_of(self.network, self.parameters[np.newaxis])
        names = self.network.activations
        for (w, b), m, name in zip(pieces, self.multipliers, names, strict=True):
            to, origin = w.shape[1:]
            linear = torch.nn.Linear(origin, to, bias=self.network.bias, dtype=torch.float64)
            with torch.no_grad():
                linear.weight.copy_(torch.tensor(m * w[0]))
                if self.network.bias:
                    linear.bias.copy_(torch.tensor(b[0]))
            modules += [linear, _module(name)]
        return torch.nn.Sequential(*modules)


def _module(name: str) -> Any:
    """What the catalogue calls `name`, as a module of PyTorch."""
    from torch import nn, square  # noqa: PLC0415

    class Square(nn.Module):  # type: ignore[misc]  # of PyTorch no types are read
        """z^2, which PyTorch has as a function alone."""

        def forward(self, z: Any) -> Any:
            return square(z)

    modules = {
        "sigmoid": nn.Sigmoid,
        "tanh": nn.Tanh,
        "relu": nn.ReLU,
        "leaky_relu": nn.LeakyReLU,
        "elu": nn.ELU,
        "softplus": lambda: nn.Softplus(threshold=50),  # beyond it log(1 + e^z) is z to the bit
        "gelu": nn.GELU,
        "gelu_tanh": lambda: nn.GELU(approximate="tanh"),
        "silu": nn.SiLU,
        "square": Square,
        "identity": nn.Identity,
        "softmax": lambda: nn.Softmax(dim=-1),
    }
    return modules[name]()


def network(
    found: Results | Study | str | Path | Evaluated, trial: int, step: int | None = None
) -> TrainedNetwork:
    """The network of a trial as training left it.

    Its inputs and outputs are those that it was trained on: where `data.standardise` scaled them,
    scaled ones (`data` of the study's groups has the training samples as they went in).

    Args:
        found: results of a study, their directory, or the study, its name or file; or what
            `evaluate` returned with `parameters=True`.
        trial: its number in the column `trial`.
        step: after how many updates, one that was kept; by default the last.

    Raises:
        RequestError: there is no such trial, or no parameters were kept of it at that step.
        StoreError: a file is damaged or cannot be read.
    """
    if isinstance(found, Evaluated):
        rows = found.parameters
        rows = rows[rows["trial"] == trial] if len(rows) else rows
        groups = [group for group, places in found.groups if trial in places]
    else:
        results = results_of(found)
        rows, groups = results.parameters([trial]), [*results.study.groups()]
    if rows.empty:
        raise RequestError(f"trial {trial}: no parameters were kept of a trial of this number")
    if step is not None and step not in rows["step"].to_numpy():
        kept = ", ".join(map(str, rows["step"].tolist()[:10]))
        raise RequestError(f"trial {trial}: no parameters were kept at step {step}, but at {kept}")
    row = rows.iloc[[-1]] if step is None else rows[rows["step"] == step]
    group = groups[0] if len(groups) == 1 else group_of(groups, row.iloc[0])
    return trained_network(group, row)


def trained_network(group: Group, row: "pd.DataFrame") -> TrainedNetwork:
    """The network of a trial of this group, from the one row of a table of parameters."""
    parameters, multipliers = parameters_of(group.network, row), multipliers_of(group, row)
    return TrainedNetwork(group.network, int(row["step"].iloc[0]), parameters[0], multipliers[:, 0])
