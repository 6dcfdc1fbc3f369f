"""The processor that kernels are compiled for, this machine's or the one asked for; and its mode.

A thread's floating-point mode is IEEE 754's here, whatever another library made of it: one that is
linked with `-ffast-math` may set its process to flush subnormal numbers to zero as it is loaded.
Threads inherit the mode, and a result must not depend on it.
"""

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, c_uint64
from functools import cache
from typing import Any

import llvmlite.binding as llvm

# What gives a thread another mode and returns the one it had, by processor.
_EXCHANGE = {
    "x86_64": """
        declare void @llvm.x86.sse.stmxcsr(ptr)
        declare void @llvm.x86.sse.ldmxcsr(ptr)
        define i64 @exchange(i64 %wanted) {
            %place = alloca i32
            call void @llvm.x86.sse.stmxcsr(ptr %place)
            %old = load i32, ptr %place
            %mode = trunc i64 %wanted to i32
            store i32 %mode, ptr %place
            call void @llvm.x86.sse.ldmxcsr(ptr %place)
            %result = zext i32 %old to i64
            ret i64 %result
        }""",
    "aarch64": """
        define i64 @exchange(i64 %wanted) {
            %old = call i64 asm sideeffect "mrs $0, fpcr", "=r"()
            call void asm sideeffect "msr fpcr, $0", "r"(i64 %wanted)
            ret i64 %old
        }""",
}
_EXCHANGE["AMD64"] = _EXCHANGE["x86_64"]
_EXCHANGE["arm64"] = _EXCHANGE["aarch64"]

# Round to nearest, keep subnormals, trap nothing: MXCSR's value at start, and FPCR's.
_DEFAULT = {"x86_64": 0x1F80, "AMD64": 0x1F80, "aarch64": 0, "arm64": 0}


def processor() -> tuple[str, str]:
    """Return LLVM's name and features of the processor to compile for.

    Numba's variables NUMBA_CPU_NAME and NUMBA_CPU_FEATURES override what this machine has.
    """
    name = os.environ.get("NUMBA_CPU_NAME") or _name_here()
    features = os.environ.get("NUMBA_CPU_FEATURES")
    if features is None:
        features = "" if name == "generic" else _features_here()
    return name, features


@cache
def _name_here() -> str:
    """This machine's, asked for once: every chunk of trials wants to know it."""
    return str(llvm.get_host_cpu_name())


@cache
def _features_here() -> str:
    """Likewise."""
    return str(llvm.get_host_cpu_features().flatten())


def has_feature(name: str) -> bool:
    """Return whether the processor has a feature, by LLVM's name for it."""
    return f"+{name}" in processor()[1].split(",")


def register_bytes() -> int:
    """Return the size of a vector register, in bytes."""
    if has_feature("avx512f"):
        return 64
    return 32 if has_feature("avx") else 16


def register_count() -> int:
    """Return how many vector registers there are: 32 or 16."""
    return 32 if has_feature("avx512f") or has_feature("neon") else 16


@contextmanager
def default_mode() -> Iterator[None]:
    """Compute as IEEE 754 says within the block, in this thread; then as before."""
    before = exchange_mode(_DEFAULT.get(platform.machine(), 0))
    try:
        yield
    finally:
        exchange_mode(before)


def exchange_mode(mode: int) -> int:
    """Set the bits of this thread's floating-point mode (MXCSR or FPCR); return those it had.

    Does nothing, and returns `mode`, on a processor that is neither x86-64 nor 64-bit ARM.
    """
    return int(_exchange()(mode))


@cache
def _exchange() -> Callable[[int], int]:
    text = _EXCHANGE.get(platform.machine())
    if text is None:
        return lambda mode: mode
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(jit=True)
    engine: Any = llvm.create_mcjit_compiler(llvm.parse_assembly(text), target)
    engine.finalize_object()
    function = CFUNCTYPE(c_uint64, c_uint64)(engine.get_function_address("exchange"))
    function.engine = engine  # type: ignore[attr-defined]  # the code lives as long as its engine
    return function
