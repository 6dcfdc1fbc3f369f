"""The film of a zoom, and the table of its windows."""

import struct
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sweep
from sweep.analysis.dimension import box_dimension, by_window
from sweep.errors import RequestError, StoreError
from sweep.runs.zooming import Zoom
from sweep.views.film import encoder, film
from tests.runs.test_zooming import TEXT


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Zoom:
    here = tmp_path_factory.mktemp("zoomed")
    (here / "map.toml").write_text(TEXT)
    return sweep.zoom(here / "map.toml", depth=2, size=64, results=here, progress=False)


def test_a_film_has_a_frame_a_window_and_the_same_bytes_again(found: Zoom, tmp_path: Path) -> None:
    one, other = (film(found, tmp_path / name / "zoom.gif") for name in ("a", "b"))
    assert one.read_bytes() == other.read_bytes()
    with Image.open(one) as gif:
        assert gif.n_frames == 3
        frames = []
        for at in range(3):
            gif.seek(at)
            frames.append(np.asarray(gif.convert("RGB")).astype(int))
    assert {frame.shape for frame in frames} == {(520, 640, 3)}
    for before, after in pairwise(frames):
        assert (before != after).any(axis=2).mean() > 0.01
        # What stands around the map stays: colours and their names, in one place.
        assert (before[50:-80, -110:] == after[50:-80, -110:]).all()


def size_of(mp4: Path) -> tuple[int, int, float]:
    """Width, height and seconds by the boxes tkhd and mvhd (ISO/IEC 14496-12, 8.3.2 and 8.2.2)."""
    content = mp4.read_bytes()
    assert content[4:8] == b"ftyp"
    track, movie = content.index(b"tkhd"), content.index(b"mvhd")
    width, height = struct.unpack(">II", content[track + 80 : track + 88])
    scale, duration = struct.unpack(">II", content[movie + 16 : movie + 24])
    return width >> 16, height >> 16, duration / scale


def test_an_mp4_shows_each_frame_as_long_as_a_gif(found: Zoom, tmp_path: Path) -> None:
    try:
        encoder()
    except RequestError:
        pytest.skip("there is no ffmpeg, nor imageio-ffmpeg")
    assert size_of(film(found, tmp_path / "zoom.mp4")) == (640, 520, pytest.approx(3.2, abs=0.1))
    assert [one.name for one in tmp_path.iterdir()] == ["zoom.mp4"]


def test_what_ffmpeg_says_is_told(
    found: Zoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By one that counts the frames it is given, and then has no encoder."""
    program = tmp_path / "ffmpeg"
    program.write_text(
        f"#!{sys.executable}\nimport sys\ngiven = sys.stdin.buffer.read()\n"
        f"sys.exit(f'{{len(given) / (640 * 520 * 3)}} frames, no libx264\\nmore')\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError) as told:
        film(found, tmp_path / "films" / "zoom.mp4")
    said = str(told.value)
    assert said == f"{tmp_path}/films/zoom.mp4: ffmpeg could not write it: 4.0 frames, no libx264"
    assert not [*(tmp_path / "films").iterdir()]


def test_windows_may_be_trained_from_coarse_to_fine(found: Zoom, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(TEXT)
    coarse = sweep.zoom(
        tmp_path / "map.toml", depth=1, size=64, overrides=["refine.depth=3"], results=tmp_path,
        progress=False,
    )  # fmt: skip
    for one, all_of_it in zip(coarse.frames, found.frames, strict=False):
        assert one.trained < all_of_it.trained / 2
        assert (one.diverged != all_of_it.diverged).mean() < 0.01
    assert film(coarse, tmp_path / "zoom.gif").exists()


def test_the_table_has_the_dimension_of_each_window(found: Zoom) -> None:
    table = by_window(found)
    assert table["width"].tolist() == [1.0, 0.5, 0.25]
    assert table["trained"].tolist() == [64**2, 64**2 * 3 / 4, 64**2 * 3 / 4]
    for frame, row in zip(found.frames, table.to_dict("records"), strict=True):
        known = box_dimension(frame.diverged)
        assert (row["dimension"], row["dimension_low"]) == (known.fit, known.fit_interval[0])
        assert row["boundary"] == known.share
        assert ((row["x_from"], row["x_to"]), (row["y_from"], row["y_to"])) == frame.ends
