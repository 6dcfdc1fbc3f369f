"""Train a million small neural networks in seconds, and see what the learning rate does to them."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweep.analysis import best, by_rate, compare, summary
    from sweep.api import run
    from sweep.store.results import open_results
    from sweep.study import load_study
    from sweep.views.kinds import plot

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "best",
    "by_rate",
    "compare",
    "load_study",
    "open_results",
    "plot",
    "run",
    "summary",
]

_HOMES = {
    "best": "sweep.analysis",
    "by_rate": "sweep.analysis",
    "compare": "sweep.analysis",
    "load_study": "sweep.study",
    "open_results": "sweep.store.results",
    "plot": "sweep.views.kinds",
    "run": "sweep.api",
    "summary": "sweep.analysis",
}


def __dir__() -> list[str]:
    """What is worth completing."""
    return __all__


def __getattr__(name: str) -> object:
    """Import a name of the menu when it is first asked for: `import sweep` stays instant."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sweep' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
