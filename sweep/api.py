"""What Python programs call: one function a question, the same work as the command line does."""

import signal
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from sweep.runs import runner
from sweep.runs.progress import Show, progress_bar
from sweep.store.folder import study_directory
from sweep.store.results import Results
from sweep.study import find_study, load_study


def run(
    study: str | Path,
    *,
    overrides: Sequence[str] = (),
    results: str | Path = "results",
    threads: int | None = None,
    progress: bool | Show = True,
) -> Results:
    """Train what is missing of a study and return its results, all of them.

    `study` is a path to a study file or the bare name of a known study; `overrides` change fields,
    as "training.steps=200"; `results` is the directory of all studies' results; `threads` defaults
    to the CPUs that this process may use. In a notebook and in a terminal `progress` is shown; it
    may also be a function, which is called after each commit. A signal that interrupts the run
    arrives after the trials finished so far are committed.

    Raises:
        RequestError: the study is wrong, or results cannot be written there.
        StoreError: results could not be saved or read; what was committed stays.
        KeyboardInterrupt: Ctrl-C.
    """
    path = find_study(str(study))
    asked = load_study(path, overrides)
    with _shown(progress, asked.name) as show:
        report = runner.run(asked, Path(results), origin=path, threads=threads, progress=show)
    if report.signal:
        signal.raise_signal(report.signal)
    return Results(study_directory(Path(results), asked), asked)


def _shown(progress: bool | Show, name: str) -> AbstractContextManager[Show | None]:
    if isinstance(progress, bool):
        return progress_bar(name) if progress else nullcontext()
    return nullcontext(progress)
