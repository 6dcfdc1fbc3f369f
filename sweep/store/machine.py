"""The machine that this runs on: its processors, their name, and the libraries there."""

import math
import os
import platform
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

from sweep import __version__

_CGROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
_DESCRIPTION = Path("/proc/cpuinfo")


def usable_processors(membership: Path = _MEMBERSHIP, cgroups: Path = _CGROUPS) -> int:
    """The processors this process is bound to, or fewer if a control group grants less time.

    The quota of a container is that of its control group and of every one above it: cgroup v2's
    `cpu.max`, or cgroup v1's `cpu.cfs_quota_us`. Part of a processor counts as one.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, math.ceil(min([bound or 1, *_quotas(membership, cgroups)])))


def processor_name(description: Path = _DESCRIPTION) -> str:
    """The processor as far as the system tells: "AMD EPYC 7763"."""
    lines = (line.partition(":") for line in told_in(description).splitlines())
    models = (value.strip() for name, _, value in lines if name.strip() == "model name")
    return next(models, "") or platform.processor() or platform.machine()


@cache
def machine_name() -> str:
    """The system and its processor: "Linux, AMD EPYC 7763"."""
    return f"{platform.system()}, {processor_name()}"


def _quotas(membership: Path, cgroups: Path) -> Iterator[float]:
    for line in told_in(membership).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        top = cgroups / "cpu" if "cpu" in controllers.split(",") else cgroups
        if controllers and top == cgroups:
            continue
        group = top / path.lstrip("/")
        for directory in [group, *group.parents]:
            limit = told_in(directory / "cpu.max").split() or [
                told_in(directory / f"cpu.cfs_{name}_us") for name in ("quota", "period")
            ]
            if all(part.isdigit() for part in limit) and int(limit[1]) > 0:
                yield int(limit[0]) / int(limit[1])
            if directory == top:
                break


def told_in(path: Path, otherwise: str = "") -> str:
    """What the system tells in a file, if it does."""
    try:
        return path.read_text().strip()
    except (OSError, ValueError):
        return otherwise


@cache
def library_versions() -> dict[str, str]:
    """The versions of sweep, Python and the libraries that results come from."""
    libraries = ("numpy", "numba", "llvmlite", "pyarrow")
    return {
        "sweep": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in libraries},
    }
