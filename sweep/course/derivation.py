"""The derivation of one step of a trial of a study, in all its forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.course import explain as sets
from sweep.course.document import Document, html, markdown, plain
from sweep.course.snapshot import Snapshot, snapshot_of
from sweep.errors import RequestError
from sweep.store.files import complete, refuse_place, told
from sweep.study import Study, checks, files_of, load_study
from sweep.study.checks import asked, integer, one_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS = {
    "text": (".txt", ".text", ".md"),
    "markdown": (".md", ".markdown", ".txt"),
    "html": (".html", ".htm"),
}
"""Of each form: what a file may end in."""
MOST = 10**9
"""Steps and samples beyond which no study goes."""


@dataclass(frozen=True)
class Derivation:
    """The derivation of one step of a trial; as text, or in another form, and with a picture.

    Of the step's samples, `sample` (from 1) is written out. Nothing is written over its `inputs`.
    """

    snapshot: Snapshot
    sample: int
    inputs: Sequence[Path] = ()

    def __str__(self) -> str:
        return self.written()

    def _repr_html_(self) -> str:
        return self.written("html")

    @cached_property
    def document(self) -> Document:
        """Its sections, equations and tables."""
        return sets.explain(self.snapshot, self.sample)

    def diagram(self) -> "Figure":
        """The network with its weights, activations and gradients, as a figure."""
        from sweep.course.diagram import draw_network  # noqa: PLC0415 - a text needs no figures

        return draw_network(self.snapshot, self.sample)

    def written(self, form: str = "text", picture: str = "") -> str:
        """It as "text"; as "markdown" with LaTeX, in which `picture` is a file to show; as "html".

        This is one page with MathML and the diagram, which needs no network.
        """
        match asked("form", one_of(ENDINGS), form):
            case "html":
                from sweep.course.diagram import svg  # noqa: PLC0415 - likewise

                return html(self.document, svg(self.diagram()))
            case "markdown":
                return markdown(self.document, picture)
        return plain(self.document)

    def draw(self, file: str | Path) -> Path:
        """Draw the diagram into a file that ends in .png, .svg or .pdf, and return the path.

        Raises:
            RequestError: it cannot be drawn there, or something else is there.
        """
        from sweep.views.saving import FORMATS, save_figure  # noqa: PLC0415 - likewise

        path = asked("file", checks.path, file)
        if path.suffix[1:] not in FORMATS:
            endings = ", ".join(f".{ending}" for ending in FORMATS)
            raise RequestError(f'{path}: the ending must be {endings}, not "{path.suffix}"')
        refuse_place(path, "explain", self.inputs)
        with told(f"{path}: cannot be written", RequestError):
            save_figure(self.diagram(), path.parent, path.stem, [path.suffix[1:]])
        return path

    def save(self, file: str | Path, form: str = "text", picture: str = "") -> Path:
        """Write it to a file, in a form of `written`, and return the path.

        Raises:
            RequestError: it cannot be written there, or something else is there.
        """
        path = asked("file", checks.path, file)
        self.refuse(path, form)
        with told(f"{path}: cannot be written", RequestError), complete(path) as temporary:
            temporary.write_text(self.written(form, picture), encoding="utf-8")
        return path

    def refuse(self, path: Path, form: str = "text") -> None:
        """Refuse a file that would cost what is there.

        Raises:
            RequestError: it would.
        """
        asked("form", one_of(ENDINGS), form)
        refuse_place(path, "explain", self.inputs)
        if path.suffix and path.suffix.lower() not in ENDINGS[form]:
            endings = " or ".join(ENDINGS[form])
            raise RequestError(f'{path}: the ending must be {endings}, not "{path.suffix}"')


def explain(
    study: str | Path | Study,
    *,
    step: int = 0,
    trial: Sequence[str] = (),
    sample: int = 1,
    overrides: Sequence[str] = (),
) -> Derivation:
    """Derive every gradient of one step of a trial of a study, in symbols and in numbers.

    Args:
        study: a study file, or the bare name of a known study; nothing need be trained.
        step: after how many updates.
        trial: of which one, such as "learning_rate=0.5"; by default the first.
        sample: which of the step's samples is written out, from 1.
        overrides: change fields, as "training.steps=200".

    Raises:
        RequestError: there is no such study, trial, step or sample, or it cannot be written out.
    """
    step = asked("step", integer(0, MOST), step)
    sample = asked("sample", integer(1, MOST), sample)
    wanted = load_study(study, overrides)
    inputs = files_of(wanted.origin, overrides)
    found = Derivation(snapshot_of(wanted, trial, step), sample, inputs)
    found.document  # noqa: B018 - what cannot be derived is refused here
    return found
