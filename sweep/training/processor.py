"""The processor that kernels are compiled for: this machine's, or the one that is asked for."""

import os
from functools import cache

import llvmlite.binding as llvm


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
