"""What the machine could do: its throughput of multiply-adds, measured."""

import ctypes
import platform
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

SOURCE = Path(__file__).with_name("fma.c")


def peak(dtype: str, threads: int) -> float | None:
    """Multiply-adds a second, counted per vector element, on that many threads; None without gcc.

    The best of several short runs: a ceiling is what was reached once.
    """
    try:
        multiply_adds = _library(dtype)
    except FileNotFoundError:
        return None
    return max(multiply_adds(threads) for _ in range(5))


@cache
def _library(dtype: str) -> Callable[[int], float]:
    real = {"float64": "double", "float32": "float"}[dtype]
    with TemporaryDirectory() as directory:
        library = Path(directory) / "fma.so"
        flags = ["-O3", "-march=native", "-fopenmp", "-shared", "-fPIC", f"-DREAL={real}"]
        subprocess.run(["gcc", *flags, SOURCE, "-o", library], check=True)
        function = ctypes.CDLL(str(library)).multiply_adds_per_second
    function.restype = ctypes.c_double
    return function


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return platform.processor()
    return next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
