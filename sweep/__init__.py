"""Train a million small neural networks in seconds, and see what the learning rate does to them.

Whatever a command does is one function here, by the same name.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sweep.analysis import best, by_rate, compare, summary
    from sweep.analysis.halving import halving
    from sweep.analysis.trained_network import network
    from sweep.auditor.auditing import audit
    from sweep.course.derivation import explain
    from sweep.course.workbook import worksheet
    from sweep.explorer import explore
    from sweep.instrument.bench import bench
    from sweep.runs.evaluation import evaluate, refine
    from sweep.runs.studies import list_studies as list  # noqa: A004 - as the command is called
    from sweep.runs.studies import new, plan, run, status, verify
    from sweep.runs.zooming import zoom
    from sweep.store.export import export
    from sweep.store.results import open_results
    from sweep.study import Study, geometric, linear, load_study, log
    from sweep.views.kinds import plot
    from sweep.views.report.writing import report

__version__ = "0.1.0"
__all__ = [
    "Study",
    "__version__",
    "audit",
    "bench",
    "best",
    "by_rate",
    "compare",
    "evaluate",
    "explain",
    "explore",
    "export",
    "geometric",
    "halving",
    "linear",
    "list",
    "load_study",
    "log",
    "network",
    "new",
    "open_results",
    "plan",
    "plot",
    "refine",
    "report",
    "run",
    "status",
    "summary",
    "verify",
    "worksheet",
    "zoom",
]

_HOMES = {
    "sweep.analysis": ("best", "by_rate", "compare", "summary"),
    "sweep.analysis.halving": ("halving",),
    "sweep.analysis.trained_network": ("network",),
    "sweep.auditor.auditing": ("audit",),
    "sweep.course.derivation": ("explain",),
    "sweep.course.workbook": ("worksheet",),
    "sweep.explorer": ("explore",),
    "sweep.instrument.bench": ("bench",),
    "sweep.runs.evaluation": ("evaluate", "refine"),
    "sweep.runs.studies": ("list", "new", "plan", "run", "status", "verify"),
    "sweep.runs.zooming": ("zoom",),
    "sweep.store.results": ("open_results",),
    "sweep.study": ("Study", "geometric", "linear", "load_study", "log"),
    "sweep.store.export": ("export",),
    "sweep.views.kinds": ("plot",),
    "sweep.views.report.writing": ("report",),
}


def __dir__() -> "Sequence[str]":
    """What is worth completing."""
    return __all__


def __getattr__(name: str) -> object:
    """Import a name of the menu when it is first asked for: `import sweep` stays instant."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), "list_studies" if name == "list" else name)
    raise AttributeError(f"module 'sweep' has no attribute {name!r}")
