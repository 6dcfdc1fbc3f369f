"""What this machine is, as far as it tells: processor, cores, caches and versions."""

import hashlib
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sweep.store.machine import usable_processors
from sweep.training.processor import processor, register_bytes

_CPU = Path("/sys/devices/system/cpu/cpu0/cache")
_INFO = Path("/proc/cpuinfo")
# Where the system tells no sizes: small enough for any machine of today.
_TYPICAL = {"L1": 32 * 2**10, "L2": 256 * 2**10}
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}


@dataclass(frozen=True)
class Machine:
    """What a measurement was made on; rows of two machines are not to be compared.

    Attributes:
        name: the processor's, by its maker.
        kind: LLVM's name of it, for which kernels are compiled.
        processors: how many this process may use.
        register_bytes: of a vector register.
        system: the operating system and its release.
    """

    name: str
    kind: str
    processors: int
    register_bytes: int
    system: str

    @property
    def digest(self) -> str:
        """Eight letters that tell this machine from another."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:8]


@cache
def this_machine() -> Machine:
    """Describe the machine that this process runs on."""
    return Machine(
        processor_name(),
        processor()[0],
        usable_processors(),
        register_bytes(),
        f"{platform.system()} {platform.release()}",
    )


def processor_name(info: Path = _INFO) -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = info.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def cache_sizes(folder: Path = _CPU) -> dict[str, int]:
    """The bytes of each level of data cache that one processor sees, nearest first: "L1", ..."""
    found = dict(_TYPICAL)
    for entry in sorted(folder.glob("index*")):
        try:
            kind, level, size = (
                (entry / name).read_text().strip() for name in ("type", "level", "size")
            )
        except OSError:
            continue
        if kind in ("Data", "Unified") and size[:-1].isdigit():
            found[f"L{level}"] = int(size[:-1]) * _UNITS.get(size[-1], 1)
    return dict(sorted(found.items()))
