"""What a figure may be asked for, and what its file is called then."""

from dataclasses import dataclass, fields

from sweep.errors import RequestError
from sweep.views.style import Look

AXES = ("x", "y", "hue", "col")


@dataclass(frozen=True)
class Options:
    """What is asked of a figure; what is not stated the kind chooses from the study's axes.

    Attributes:
        x, y: the axes to lie across and up.
        hue: the axis whose values have colours.
        col: the axis whose values have panels.
        measure: what is drawn.
        log: logarithmic scales (True) or linear ones (False).
        rank: whether colours go by rank.
        trial: numbers of trials.
        size: width and height in inches.
        title: instead of the study's.
    """

    x: str | None = None
    y: str | None = None
    hue: str | None = None
    col: str | None = None
    measure: str | None = None
    log: bool | None = None
    rank: bool = False
    trial: tuple[int, ...] = ()
    size: tuple[float, float] | None = None
    title: str | None = None

    @property
    def stated(self) -> tuple[str, ...]:
        """The names of what is asked for, but for what every kind takes."""
        free = ("size", "title")
        return tuple(f.name for f in fields(self) if getattr(self, f.name) != f.default
                     and f.name not in free)  # fmt: skip

    @property
    def stem(self) -> str:
        """What is asked for as the end of a file's name: "-optimizer-log", or nothing."""
        parts = [str(getattr(self, name)) for name in (*AXES, "measure") if getattr(self, name)]
        parts += [] if self.log is None else ["log" if self.log else "linear"]
        parts += ["rank"] * self.rank + [f"trial{number}" for number in self.trial]
        return "".join(f"-{part}" for part in parts)

    def look(self, title: str) -> Look:
        """Return how the figure of a study of this title is to look."""
        return Look(title=self.title if self.title is not None else title, size=self.size,
                    log=self.log)  # fmt: skip


ANY = Options()


def size_of(text: str) -> tuple[float, float]:
    """Read a size such as "7x4.5", in inches.

    Raises:
        RequestError: it is none, or not between 1 and 50 inches.
    """
    try:
        width, height = (float(part) for part in text.lower().split("x"))
        if not (1 <= width <= 50 and 1 <= height <= 50):
            raise ValueError
    except ValueError:
        raise RequestError(
            f'--size: must be width x height from 1 to 50 inches, such as 7x4.5, not "{text}"'
        ) from None
    return width, height
