"""From a kernel's specification to machine code: the only place that runs numba's compiler."""

from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from numba import njit, types

from sweep.training.kernel import make_kernel
from sweep.training.layout import DRAW_ARGUMENTS, TRAIN_ARGUMENTS, Draw, Shape, mark_dtype
from sweep.training.random import make_draw


def machine_code(specification: Shape | Draw, target: Any) -> tuple[str, bytes]:
    """Compile a kernel; return its symbol and its object code for an LLVM target machine."""
    if isinstance(specification, Draw):
        return compile_function(make_draw(specification), signature(specification), target)
    return compile_function(make_kernel(specification), signature(specification), target)


def signature(specification: Shape | Draw) -> Any:
    """Return the numba signature of a kernel."""
    arguments = DRAW_ARGUMENTS if isinstance(specification, Draw) else TRAIN_ARGUMENTS
    kinds = {
        "int": types.int64,
        "numbers": types.CPointer(getattr(types, specification.dtype)),
        "marks": types.CPointer(getattr(types, mark_dtype(specification.dtype))),
        "int64s": types.CPointer(types.int64),
        "float64s": types.CPointer(types.float64),
    }
    return types.void(*(kinds[kind] for kind in arguments.values()))


def compile_function(function: Callable[..., Any], sig: Any, target: Any) -> tuple[str, bytes]:
    """Compile a function of numbers and pointers; return its symbol and its object code.

    Without Python wrappers the code refers to no symbol but the C library's, so that it can be
    linked into a process that has not loaded numba.
    """
    compiled = njit(sig, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(
        function
    )
    result = compiled.overloads[compiled.signatures[0]]
    module = llvm.parse_assembly(result.library.get_llvm_str())
    return result.fndesc.llvm_func_name, target.emit_object(module)
