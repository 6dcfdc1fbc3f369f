"""Progress is shown where somebody looks, and never floods them."""

import io
import re
import sys
from types import ModuleType, SimpleNamespace

import pytest

from sweep.runs import progress
from sweep.runs.progress import in_notebook, progress_bar
from sweep.runs.runner import Progress

Bundle = dict[str, str]


class Notebook:
    """A kernel's display: `shown` is what a cell's one line of output said, one after the other."""

    def __init__(self) -> None:
        self.shown: list[Bundle] = []
        self.displays = 0

    def display(self, data: Bundle, *, raw: bool, display_id: bool) -> SimpleNamespace:
        assert raw
        assert display_id
        self.displays += 1
        self.shown.append(data)
        return SimpleNamespace(update=lambda data, raw: self.shown.append(data))


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """IPython as it is in a notebook's kernel."""
    made, ipython, display = Notebook(), ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    display.display = made.display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return made


def at(done: int, seconds: float) -> Progress:
    return Progress(done, 1000, 1000 * done, seconds)


def test_a_notebook_has_one_line_that_changes(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([10.0, 10.0, 20.0, 20.0])  # asked, noted, asked, noted
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))  # type: ignore[attr-defined]
    with progress_bar("a<b") as show:
        show(at(250, 1.0))
        show(at(1000, 4.0))
    texts = [one["text/plain"] for one in notebook.shown]
    assert texts == [
        "a<b: preparing",
        "a<b: 250 of 1,000 trials, 250 k network-steps/s, 3 s left",
        "a<b: 1,000 of 1,000 trials, 250 k network-steps/s, 0 s left",
        "a<b: 1,000 of 1,000 trials",
    ]
    assert notebook.displays == 1
    assert notebook.shown[1]["text/html"] == (
        '<div><progress value="250" max="1000"></progress> '
        "a&lt;b: 250 of 1,000 trials, 250 k network-steps/s, 3 s left</div>"
    )


def test_a_notebook_is_not_flooded(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress.time, "monotonic", lambda: 7.0)  # type: ignore[attr-defined]
    with progress_bar("s") as show:
        for done in range(1, 1001):
            show(at(done, 1.0))
    assert len(notebook.shown) == 3  # preparing, the first, and what remains
    assert notebook.shown[-1]["text/plain"] == "s: 1,000 of 1,000 trials"


def test_what_was_done_before_an_interruption_stays(notebook: Notebook) -> None:
    def interrupted() -> None:
        with progress_bar("s") as show:
            show(at(3, 1.0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert notebook.shown[-1]["text/plain"] == "s: 3 of 1,000 trials"
    with progress_bar("s"):
        pass
    assert notebook.shown[-1]["text/plain"] == "s: nothing was trained"


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_a_shell_without_a_kernel_is_no_notebook(
    notebook: Notebook, shell: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert in_notebook()
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: shell)
    assert not in_notebook()


def test_without_ipython_there_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()


class Stderr(io.StringIO):
    """The error output, of a terminal or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_is_for_terminals(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stderr = Stderr(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", stderr)
    with progress_bar("s[red]") as show:
        show(at(500, 2.0))
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stderr.getvalue())
    if terminal:
        assert re.search(r"s\[red\] .* 500 of 1,000 trials, 250 k network-steps/s", said)
    else:
        assert said == ""
