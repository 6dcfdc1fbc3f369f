"""One compiled kernel per group: machine code made by numba, cached on disk, called by ctypes.

The cache holds plain object code, never a pickle. An entry is found by the digest of everything
that its code depends on: the kernel's specification, the text of every module in this package,
the versions of Python, numba and llvmlite, and the processor's name and features. Each entry
carries its own SHA-256, checked before it is linked; what does not fit is thrown away and built
again. Loading an entry needs llvmlite alone: numba is imported only where something is compiled.
"""

import ctypes
import hashlib
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from stat import S_ISREG
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numpy.typing import NDArray

from sweep.catalogue import OPTIMIZERS
from sweep.training.processor import processor
from sweep.training.specification import Arguments, Specification, kinds

_ALIGNMENT = 64  # bytes: a register of AVX-512, a cache line
_MAGIC = b"sweep kernel 1\n"
_lock = threading.RLock()
_loaded: dict[str, "Kernel"] = {}


@dataclass(frozen=True)
class Kernel:
    """Machine code ready to be called; the call releases Python's global lock.

    Attributes:
        call: takes the arguments after the two that numba's convention puts first.
        key: the digest of the specification and all that the code depends on.
        compiled: whether it had to be compiled, rather than loaded.
    """

    call: Callable[..., Any]
    key: str
    compiled: bool


def kernel(specification: Specification) -> Kernel:
    """Return the kernel of a specification: from this process, from the disk, or compiled now."""
    key = _digest(repr(specification))
    with _lock:
        if key not in _loaded:
            _loaded[key] = _load(key, specification) or _compile(key, specification)
        return _loaded[key]


def call(specification: Specification, arguments: Arguments) -> None:
    """Call the kernel of a specification, with C-ordered arrays of the kinds that it has."""
    kernel(specification).call(
        *(value.ctypes.data if isinstance(value, np.ndarray) else value for value in arguments)
    )


def aligned(size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return uninitialised numbers whose first one lies on a register boundary, as kernels want."""
    raw = np.empty(size * dtype.itemsize + _ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start : start + size * dtype.itemsize].view(dtype)


def is_ready(specification: Specification) -> bool:
    """Say whether the kernel of a specification seems to be there, and need not be compiled."""
    key = _digest(repr(specification))
    try:
        return key in _loaded or _is_ours_alone(_entry(key))
    except OSError:
        return False


def _digest(specification: str) -> str:
    parts = [specification, *_environment()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def _environment() -> tuple[str, ...]:
    text = source_digest()
    versions = (sys.version, version("numba"), version("llvmlite"))
    return (text, *versions, llvm.get_process_triple(), *processor())


def source_digest() -> str:
    """SHA-256, in hexadecimal, of the text of this package."""
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    text = b"".join(source.read_bytes() for source in sources)
    return hashlib.sha256(text + repr(OPTIMIZERS).encode()).hexdigest()


def cache_directory() -> Path:
    """Return where kernels are kept: $SWEEP_CACHE_DIR, or `sweep` in the user's cache folder.

    A user without a home has a folder of their own among the temporary files.
    """
    if chosen := os.environ.get("SWEEP_CACHE_DIR"):
        return Path(chosen)
    if chosen := os.environ.get("XDG_CACHE_HOME"):
        return Path(chosen) / "sweep"
    try:
        return Path.home() / ".cache" / "sweep"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"sweep-{os.getuid()}"


def _compile(key: str, specification: Specification) -> Kernel:
    # Loading numba takes a second.
    from sweep.training.build import machine_code, refuse_without_compiler  # noqa: PLC0415

    refuse_without_compiler()  # before anything is made of functions that it would compile

    name, code = machine_code(specification, target_machine())
    _save(key, name, code)
    return Kernel(link(name, code, _kinds(specification)), key, compiled=True)


def _entry(key: str) -> Path:
    return _own(cache_directory()) / f"{key}.kernel"


def _own(directory: Path) -> Path:
    """Return the folder, or one of our own within it where others could write, or it is theirs."""
    try:
        return directory if _is_ours(directory.stat()) else directory / f"of-{os.getuid()}"
    except OSError:
        return directory  # is made when something is kept


def _load(key: str, specification: Specification) -> Kernel | None:
    """Return the kernel kept on the disk, or None; an entry that is not whole is built again."""
    path = _entry(key)
    try:
        content = path.read_bytes() if _is_ours_alone(path) else b""
    except OSError:
        return None
    parsed = _parse(content, key)
    return parsed and Kernel(link(*parsed, _kinds(specification)), key, compiled=False)


def _is_ours_alone(path: Path) -> bool:
    """Return whether nobody else could have written this code, which will run as us."""
    status = path.stat()
    return S_ISREG(status.st_mode) and _is_ours(status) and _is_ours(path.parent.stat())


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def _parse(content: bytes, key: str) -> tuple[str, bytes] | None:
    """Split an entry into symbol and code: magic, digest of the rest, key, symbol, code."""
    digest_end = len(_MAGIC) + hashlib.sha256().digest_size
    body = content[digest_end:]
    if content[:digest_end] != _MAGIC + hashlib.sha256(body).digest():
        return None
    found, name, code = body.split(b"\n", 2)
    return (name.decode(), code) if found == key.encode() else None


def _save(key: str, name: str, code: bytes) -> None:
    """Keep a kernel on the disk; a cache that cannot be written costs time, not results."""
    body = b"\n".join([key.encode(), name.encode(), code])
    path = _entry(key)
    temporary = None
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_MAGIC + hashlib.sha256(body).digest() + body)
        Path(temporary).replace(path)
    except OSError:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def target_machine() -> Any:
    """Return a new target machine: an engine takes ownership of the one it is given."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name, features = processor()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(cpu=name, features=features, opt=3, jit=True)


def _kinds(specification: Specification) -> list[Any]:
    """Return the C types of a kernel's arguments."""
    found = kinds(specification).values()
    return [ctypes.c_int64 if kind == "int" else ctypes.c_void_p for kind in found]


def link(name: str, code: bytes, kinds: Sequence[Any]) -> Callable[..., None]:
    """Return what calls a function of object code, by its symbol and its arguments' C types."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *kinds)
    function = prototype(engine.get_function_address(name))

    def call(*values: Any) -> None:
        scratch = ctypes.c_int64()
        status = function(ctypes.addressof(scratch), ctypes.addressof(scratch), *values)
        assert status == 0, "a kernel raises no exceptions"

    call.engine = engine  # type: ignore[attr-defined]  # the code lives as long as its engine
    return call
