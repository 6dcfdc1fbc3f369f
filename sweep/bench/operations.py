"""What activations cost, counted in the code that the compiler makes of them."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from numba import types

from sweep.training.activations import ACTIVATIONS
from sweep.training.build import optimized
from sweep.training.compile import target_machine
from sweep.training.lanes import Lanes, inlined

_LANES = 8
# A call of llvm.fma, or an instruction; the declaration of llvm.fma is neither.
_PORTED = re.compile(r"= (?:tail )?call [^@]*@llvm\.fma|= f(?:add|sub|mul) ")


def activation_costs(names: Iterable[str], dtype: str) -> dict[str, int]:
    """Additions and products, fused or not, of f(z) and of E' f'(z), by the activation's name."""
    return {name: _cost(name, dtype) for name in names}


@cache
def _cost(name: str, dtype: str) -> int:
    """Straight-line code: what stands there once is done once."""
    lanes = Lanes(dtype, _LANES)
    load, store = lanes.load, lanes.store
    both = _value_and_slope(name, dtype)

    def neuron(z: Any, error: Any, out: Any, delta: Any) -> None:
        a, slope = both(load(z, 0))
        store(out, 0, a)
        store(delta, 0, load(error, 0) * slope)

    pointer = types.CPointer(getattr(types, dtype))
    _, module = optimized(neuron, types.void(*[pointer] * 4), target_machine())
    return len(_PORTED.findall(str(module)))


def _value_and_slope(name: str, dtype: str) -> Any:
    row = ACTIVATIONS[name]
    if row.with_slope is not None:
        return row.with_slope(dtype)
    function, slope = row.function(dtype), row.slope

    @inlined
    def both(z: Any) -> Any:
        a = function(z)
        return a, slope(a)

    return both
