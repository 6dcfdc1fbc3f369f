"""One deliberate mistake in the kernel or its tables."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """A piece of text in a module of `sweep/training`, and what a slip would have made of it.

    Attributes:
        file: the module, below `sweep/training`.
        old: text that occurs there once.
        new: what stands there instead.
        breaks: what the mistake is, in a few words; no two mutants have the same.
        by: the tests to ask first, below `tests/training`, as pytest names them.
    """

    file: str
    old: str
    new: str
    breaks: str
    by: tuple[str, ...]

    def path(self, root: Path) -> Path:
        """The module, in the tree below `root`."""
        return root / "sweep" / "training" / self.file

    def mutated(self, text: str) -> str:
        """The module's text with the mistake.

        Raises:
            ValueError: the text to replace is not there, or more than once.
        """
        found = text.count(self.old)
        if found != 1:
            raise ValueError(f"{self.file}: {self.breaks}: {self.old!r} is there {found} times")
        return text.replace(self.old, self.new)

    def apply(self, root: Path) -> None:
        """Make the mistake in the tree below `root`."""
        path = self.path(root)
        path.write_text(self.mutated(path.read_text()))
