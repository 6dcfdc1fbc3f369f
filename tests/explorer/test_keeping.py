"""The folder of tiles: bounded, the longest unused going first."""

import os
import time
from pathlib import Path

import numpy as np

from sweep.explorer.keeping import Kept
from sweep.explorer.tiles import Tile


def tile(seed: int) -> Tile:
    random = np.random.default_rng(seed)
    return Tile(3, random.normal(size=(2, 8, 8)), random.integers(-1, 3, (8, 8)).astype(np.int8))


def test_a_tile_comes_back_as_it_was(tmp_path: Path) -> None:
    kept, one = Kept(tmp_path / "tiles"), tile(1)
    kept.write("a", one)
    found = kept.read("a")
    assert found is not None
    assert (found.side, found.values.tobytes(), found.outcome.tobytes()) == (
        3,
        one.values.tobytes(),
        one.outcome.tobytes(),
    )
    assert kept.read("b") is None
    assert (tmp_path / "tiles").stat().st_mode & 0o077 == 0
    for name, age in (("old.part", 3600), ("new.part", 0)):
        (tmp_path / "tiles" / name).write_bytes(b"half")
        os.utime(tmp_path / "tiles" / name, (time.time() - age,) * 2)
    assert Kept(tmp_path / "tiles").read("a") is not None
    left = {path.name for path in (tmp_path / "tiles").iterdir()}
    assert left == {"a.tile", "new.part"}, "what a killed server left half written is removed"


def test_what_was_longest_unused_goes_first_also_in_another_process(tmp_path: Path) -> None:
    size = len(tile(0).to_bytes())
    kept = Kept(tmp_path, room=4 * size)
    for at, key in enumerate("abcd"):
        kept.write(key, tile(at))
        os.utime(tmp_path / f"{key}.tile", (at, at))
    assert kept.read("a") is not None
    kept.write("e", tile(5))
    assert {one.stem for one in tmp_path.glob("*.tile")} == {"a", "d", "e"}
    os.utime(tmp_path / "e.tile", (1, 1))
    Kept(tmp_path, room=2 * size).write("f", tile(6))
    assert "e" not in {one.stem for one in tmp_path.glob("*.tile")}
    assert len([*tmp_path.iterdir()]) == 1


def test_a_folder_that_cannot_be_written_costs_time_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = Kept(tmp_path / "file" / "tiles")
    kept.write("a", tile(1))
    assert kept.read("a") is None
