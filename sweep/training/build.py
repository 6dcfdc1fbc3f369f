"""From a kernel's specification to machine code: the only place that runs numba's compiler."""

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import llvmlite.binding as llvm
from numba import config, njit, types
from numba.core.codegen import CPUCodeLibrary, JITCodeLibrary, JITCPUCodegen
from numba.core.compiler_lock import global_compiler_lock

from sweep.errors import RequestError
from sweep.training.evaluation import make_evaluation
from sweep.training.kernel import make_kernel
from sweep.training.lanes import NamedType
from sweep.training.random import make_draw
from sweep.training.sampling import make_order
from sweep.training.specification import Draw, Evaluation, Order, Shape, Specification, kinds

# What makes the function of each kind of kernel.
_MAKERS: dict[type, Callable[[Any], Callable[..., None]]] = {
    Shape: make_kernel,
    Evaluation: make_evaluation,
    Draw: make_draw,
    Order: make_order,
}


def machine_code(specification: Specification, target: Any) -> tuple[str, bytes]:
    """Compile a kernel; return its symbol and its object code for an LLVM target machine."""
    function = _MAKERS[type(specification)](specification)
    return compile_function(
        function, signature(specification), target, unrolling=_worth_unrolling(specification)
    )


def _worth_unrolling(specification: Specification) -> bool:
    """Return whether loops are better unrolled.

    Those of a large network run over neurons and samples: one in sixteen would be faster by a
    hundredth, and all of them would take half as long again to compile.
    """
    network = getattr(specification, "network", None)
    return network is None or network.unrolled


def signature(specification: Specification) -> Any:
    """Return the numba signature of a kernel: a named value, which machine code takes apart."""
    found = {
        name: types.int64 if kind == "int" else types.CPointer(getattr(types, kind))
        for name, kind in kinds(specification).items()
    }
    return types.void(NamedType(specification.arguments.__name__, found))


def compile_function(
    function: Callable[..., Any], sig: Any, target: Any, *, unrolling: bool = True
) -> tuple[str, bytes]:
    """Compile a function of numbers and pointers; return its symbol and its object code.

    Without Python wrappers the code refers to no symbol but the C library's, so that it can be
    linked into a process that has not loaded numba.

    Args:
        function: what numba compiles.
        sig: its numba signature.
        target: an LLVM target machine.
        unrolling: whether loops may be unrolled.
    """
    symbol, module = optimized(function, sig, target, unrolling=unrolling)
    return symbol, target.emit_object(module)


def refuse_without_compiler() -> None:
    """Refuse to compile with numba's compiler switched off.

    Raises:
        RequestError: it is.
    """
    if config.DISABLE_JIT:
        raise RequestError("NUMBA_DISABLE_JIT is set, and kernels have to be compiled: unset it")


def optimized(
    function: Callable[..., Any], sig: Any, target: Any, *, unrolling: bool = True
) -> tuple[str, Any]:
    """Return the symbol of a function and the LLVM module that it is compiled from; likewise.

    Raises:
        RequestError: numba's compiler is switched off.
    """
    refuse_without_compiler()
    with _translating_only():
        compiled = njit(sig, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(
            function
        )
    result = compiled.overloads[compiled.signatures[0]]
    symbol = result.fndesc.llvm_func_name
    module = _linked(result.library, symbol)
    _optimize(module, target, unrolling)
    return symbol, module


def _linked(library: Any, symbol: str) -> Any:
    """Return one module of a library and all that it calls, of which only `symbol` can be seen."""
    module, seen, left = library._final_module.clone(), {library}, [*library._linking_libraries]
    while left:
        if (found := left.pop()) not in seen:
            seen.add(found)
            left += found._linking_libraries
            module.link_in(found._final_module, preserve=True)  # others call it too
    for function in module.functions:
        if not function.is_declaration and function.name != symbol:
            function.linkage = llvm.Linkage.internal
    return module


def _optimize(module: Any, target: Any, unrolling: bool) -> None:
    """Run LLVM's passes once, over the kernel and all that it is made of.

    Not those that make vectors of loops: values are vectors already.
    """
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = False
    options.loop_unrolling = unrolling
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(module, builder)


@contextmanager
def _translating_only() -> Iterator[None]:
    """Within the block numba types and translates functions; it links, optimizes, emits none.

    A kernel is made of a hundred small functions, and numba would do all of it for each one with
    all that it calls, many times over: most of the time, for code that nobody runs. Looking for
    garbage among the millions of objects that this makes would be up to a quarter of what is left.
    """
    replaced = [
        (CPUCodeLibrary, "_optimize_functions", _only_data_layout),
        (CPUCodeLibrary, "finalize", _mark_final),
        (JITCodeLibrary, "get_pointer_to_function", _no_address),
        (JITCPUCodegen, "set_env", _nothing),
    ]
    with global_compiler_lock, ExitStack() as stack:
        if gc.isenabled():
            stack.callback(gc.enable)
            gc.disable()
        for owner, name, function in replaced:
            stack.enter_context(patch.object(owner, name, function))
        yield


def _nothing(*_: Any) -> None:
    pass


def _only_data_layout(library: Any, module: Any) -> None:
    module.data_layout = library._codegen._data_layout


def _mark_final(library: Any) -> None:
    library._finalized = True


def _no_address(library: Any, _: str) -> int:
    library._ensure_finalized()
    return 0
