"""How many processors this process may use, and what they are called."""

import math
import os
import platform
from collections.abc import Iterator
from pathlib import Path

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


def machine_name(description: Path = _DESCRIPTION) -> str:
    """The system and its processor as far as the system tells: "Linux, AMD EPYC 7763"."""
    lines = (line.partition(":") for line in _text(description).splitlines())
    models = (value.strip() for name, _, value in lines if name.strip() == "model name")
    found = next(models, "") or platform.processor() or platform.machine()
    return f"{platform.system()}, {found}"


def _quotas(membership: Path, cgroups: Path) -> Iterator[float]:
    for line in _text(membership).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        top = cgroups / "cpu" if "cpu" in controllers.split(",") else cgroups
        if controllers and top == cgroups:
            continue
        group = top / path.lstrip("/")
        for directory in [group, *group.parents]:
            yield from _quota(directory)
            if directory == top:
                break


def _quota(directory: Path) -> Iterator[float]:
    limit = _text(directory / "cpu.max").split() or [
        _text(directory / "cpu.cfs_quota_us").strip(),
        _text(directory / "cpu.cfs_period_us").strip(),
    ]
    if all(part.isdigit() for part in limit) and int(limit[1]) > 0:
        yield int(limit[0]) / int(limit[1])


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError):
        return ""
