"""The server: whom it answers, what it refuses, and that its tiles are a run's numbers."""

import json
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

import sweep
from sweep.catalogue import OUTCOMES
from sweep.errors import RequestError
from sweep.explorer import exploring
from sweep.explorer import serving as module
from sweep.explorer.tiles import Tile, View
from sweep.study import Study
from tests.explorer.conftest import (
    STUDY,
    TOKEN,
    VIEW,
    Frame,
    Server,
    command,
    frames,
    serving,
)

ROOT = [0, 0, "0", "0"]
MEASURES = ["final_loss", "max_loss", "steps_to_target", "diverged_at"]


def test_a_study_saved_of_a_map_is_run_to_the_bits_of_its_tiles(
    server: Server, tmp_path: Path
) -> None:
    # Tiles of level 2 across, and the seeds as they come: 16 of which the window has 12.
    want = [[2, 0, "1", "0", 3], [2, 0, "2", "0", 3], [2, 0, "1", "0", 4], [2, 0, "2", "0", 4]]
    found = server.tiles(VIEW, want, MEASURES)
    # A side's points are half those of the next one, and seeds end where the window does.
    assert {one.at: one.outcome.shape for one in found} == {
        (2, 0, "1", "0", 3): (6, 8),
        (2, 0, "2", "0", 3): (6, 8),
        (2, 0, "1", "0", 4): (12, 16),
        (2, 0, "2", "0", 4): (12, 16),
    }
    saved = server.json(
        "/api/study-file",
        {
            "view": VIEW,
            "x": {"level": 6, "first": "16", "num": 32},
            "y": {"level": 4, "first": 0, "num": 16},
        },
    )
    (tmp_path / "window.toml").write_text(saved["text"])
    table = sweep.run(tmp_path / "window.toml", results=tmp_path / "out").trials()
    assert len(table) == 32 * 12
    assert (table["initial.scale"] == 2.0).all()
    table = table.sort_values(["seed", "learning_rate"])
    fine = sorted((one for one in found if one.at[-1] == 4), key=lambda one: str(one.at))
    rates = np.concatenate([one.x for one in fine])
    assert rates.tobytes() == table["learning_rate"].to_numpy()[:32].tobytes()
    for at, name in enumerate(MEASURES):
        values = np.concatenate([one.values[at] for one in fine], axis=1)
        run = table[name].to_numpy(np.float64, na_value=np.nan).reshape(12, 32)
        assert values.tobytes() == run.tobytes(), name
    outcomes = np.concatenate([one.outcome for one in fine], axis=1)
    assert (
        np.array(OUTCOMES)[outcomes] == table["outcome"].astype(str).to_numpy().reshape(12, 32)
    ).all()
    assert len(np.unique(outcomes)) == 3, "a map of one outcome shows nothing"


def test_a_finer_side_trains_new_points_alone_and_another_server_finds_them(
    server: Server, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []
    trained = View.train

    def counting(self: View, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if dict(self.others) == VIEW["others"]:  # not what is trained ahead of any page
            counts.append(len(x))
        return trained(self, x, y)

    monkeypatch.setattr(View, "train", counting)
    (coarse,) = server.tiles(VIEW, [[*ROOT, 3]], MEASURES)
    (fine,) = server.tiles(VIEW, [[*ROOT, 5]], MEASURES)
    assert sum(counts) == 32 * 12
    assert fine.values[:, ::2, ::4].tobytes() == coarse.values.tobytes()
    counts.clear()
    with serving(study, tmp_path) as other:
        (again,) = other.tiles(VIEW, [[*ROOT, 5]], MEASURES)
        (less,) = other.tiles(VIEW, [[*ROOT, 3]], MEASURES)
    assert not counts
    assert again.values.tobytes() == fine.values.tobytes()
    assert less.values.tobytes() == coarse.values.tobytes()
    # A tile that is torn, or another's, is trained anew.
    kept = [*(tmp_path / "tiles").glob("*.tile")]
    for spoilt in (lambda one: one[:-1], lambda _: b"", lambda one: one.replace(b"\0", b"\1", 1)):
        for file in kept:
            file.write_bytes(spoilt(file.read_bytes()))
        counts.clear()
        (anew,) = server.tiles(VIEW, [[*ROOT, 5]], MEASURES)
        assert sum(counts) == 32 * 12
        assert anew.values.tobytes() == fine.values.tobytes()


def test_the_whole_of_the_first_map_is_trained_ahead_of_any_page(server: Server) -> None:
    end, found = time.monotonic() + 60, list[Frame]()
    while time.monotonic() < end and (len(found) < 2 or found[1].at != (*ROOT, 5)):
        status, content, _ = server.answer("/api/study")
        assert status == 200
        found = [*frames(content)]
    first = found[0].told["first"]
    assert first["others"] == {"initial.scale": 1.0}
    (asked,) = server.tiles(first, [[*ROOT, 5]], first["measures"])
    assert found[1].values.tobytes() == asked.values.tobytes()
    assert found[1].outcome.shape == (12, 32)


def test_only_the_page_is_answered(server: Server) -> None:
    here = f"127.0.0.1:{server.port}"
    assert server.answer("/api/study")[0] == 200
    assert server.answer("/api/study", origin=f"http://{here}")[0] == 200
    for headers in (
        {"x_sweep_token": ""},
        {"x_sweep_token": "another"},
        {"host": "example.org"},
        {"host": f"example.org:{server.port}"},
        {"host": "127.0.0.1"},
        {"origin": "null"},
        {"origin": "https://example.org"},
        {"origin": f"https://{here}"},
        {"origin": "http://127.0.0.1"},
    ):
        assert server.answer("/api/study", **headers)[0] == 403, headers
        assert server.answer("/api/tiles", {"tab": "x"}, **headers)[0] == 403, headers
    for path in ("/", "/explorer.js", "/explorer.css", "/drawing.js"):
        status, content, headers = server.answer(path, x_sweep_token="")
        assert status == 200
        assert b"the token" not in content
        assert "script-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert server.answer(path, x_sweep_token="", host="example.org")[0] == 403
    for path in (
        "/../serving.py",
        "/page/index.html",
        "/%2e%2e/serving.py",
        "/explorer.js/../x",
        "//etc/passwd",
    ):
        assert server.answer(path)[0] == 404, path
    assert server.answer("/api/tiles")[0] == 405


def test_what_is_strange_is_refused_in_one_line(server: Server) -> None:
    def asked(path: str = "tiles", view: object = VIEW, **more: object) -> str:
        body = {"tab": "one", "view": view, "want": [[*ROOT, 3]], "measures": ["final_loss"]} | more
        status, content, _ = server.answer(f"/api/{path}", body)
        assert status == 400, content
        said: str = json.loads(content)["error"]
        assert "\n" not in said
        return said

    assert "tiles must be 1 to 1024" in asked(want=[[*ROOT, 3]] * 1025)
    assert "a side of 2 to 6" in asked(want=[[*ROOT, 7]])
    for place in ([58, 0, 0, 0], [10**9, 0, 0, 0], [-1, 0, 0, 0], [1, 0, 2, 0], [1, 0, -1, 0]):
        assert "has no tile" in asked(want=[[*place, 3]])
    for want in ([[1, 0, "9" * 5000, "0", 3]], [[0, 0, 0, 3]], [3], [[0, 0, None, 0, 3]]):
        assert "want: cannot be read" in asked(want=want)
    assert "tiles: must be a list, not 3" in asked(want=3)
    assert 'measures: must be one of "initial_loss"' in asked(measures=["loss"])
    assert 'measures: must be a list, not "loss"' in asked(measures="loss")
    assert "tab and turn: cannot be read" in asked(turn=[])
    for spoilt, said in (
        ({"axis": "training.steps"}, "is no number that a map"),
        ({"axis": "../x"}, "is no number that a map"),
        ({"axis": 3}, "3: is no number that a map"),
        ({"spacing": "log", "low": -1.0}, "must have both ends of log above 0"),
        ({"low": 200.0}, "must run from a lower to a higher value, not from 200.0 to 100.0"),
        ({"low": "abc"}, 'learning_rate: the low end must be a finite number, not "abc"'),
        ({"low": None}, "the low end must be a finite number"),
        ({"high": float("nan")}, "the high end must be a finite number, not nan"),
        ({"spacing": "range"}, "cannot be laid out"),
        ({"more": 1}, "view: cannot be read"),
    ):
        view = VIEW | {"x": VIEW["x"] | spoilt}  # type: ignore[operator]
        assert said in asked(view=view), spoilt
    wide = {"axis": "initial.offset", "spacing": "linear", "low": -1e308, "high": 1e308}
    assert "initial.offset: is wider than" in asked(view=VIEW | {"x": wide})
    half = VIEW | {"y": VIEW["y"] | {"high": 1.5}}  # type: ignore[operator]
    assert "seed: the high end must be a whole number" in asked(view=half)
    assert "both axes" in asked(view=VIEW | {"y": VIEW["x"]})
    for others, said in (
        ([], "others: must be a table of axes, not []"),
        (3, "others: must be a table of axes, not 3"),
        ({}, "initial.scale"),
        ({"data.file": "/etc/passwd"}, '"data.file" can be no other axis'),
        ({"initial.scale": [1.0]}, '"initial.scale" can be no other axis'),
        ({"initial.scale": None}, '"initial.scale" can be no other axis'),
        ({"initial.scale": -1.0}, "others: initial.scale: must be a finite number of at least 0"),
        ({"initial.scale": "x"}, 'of at least 0, not "x"'),
    ):
        assert said in asked(view=VIEW | {"others": others}), others
    assert "view: cannot be read" in asked(view=None)
    asked("points", levels=[5, 5], points=[[0, 0]] * 513)
    asked("points", levels=[5], points=[[0, 0]])
    outside = "learning_rate: point 33 of level 5 is outside the window"
    assert asked("points", levels=[5, 5], points=[[33, 0]]) == outside
    outside = "seed: point 12 of level 4 is outside the window"  # of 16, of which there are 12
    assert asked("points", levels=[5, 4], points=[[0, 12]]) == outside
    asked("points", levels=[5, 4], points=[[0, -1]])
    asked("points", levels=[5, 10**9], points=[[0, 0]])
    assert "points and levels: cannot be read" in asked("points", levels=[5, 5], points=[3])
    for x in ({"level": 5, "first": 40, "num": 1}, {"level": 61, "first": 0, "num": 1}, {}, 3):
        asked("study-file", x=x, y={"level": 3, "first": 0, "num": 1})
    for body in (b"[]", b"{", b'"x"', b"[" * 100_000, b"\xff\xfe", b"{}" + b" " * 200_000):
        status, content, _ = server.answer("/api/tiles", body)
        assert status == 400, body[:10]
        assert "request" in json.loads(content)["error"]


def test_a_lattice_ends_where_neighbours_are_8_ulp_apart(server: Server) -> None:
    (found,) = server.tiles(VIEW, [[50, 0, str(2**49), "0", 3]], ["final_loss"])
    assert "less than 8 ulp apart" in found.said
    (found,) = server.tiles(VIEW, [[40, 0, str(2**39), "0", 6]], ["final_loss"])
    assert (np.diff(found.x) >= 8 * np.spacing(found.x[:-1])).all()
    assert found.outcome.shape == (12, 64)


def test_points_have_the_curves_that_python_has(server: Server, study: Study) -> None:
    asked = {
        "view": VIEW,
        "levels": [5, 4],
        "points": [["7", "3"], [8, 3], [20, 11]],
        "curves": True,
    }
    found = server.json("/api/points", asked)
    rates = sweep.evaluate(
        study, {"learning_rate": found["x"], "seed": found["y"], "initial.scale": 2.0}, curves=True
    )
    losses = rates.curves["loss"].to_numpy().reshape(3, -1)
    assert found["losses"] == losses.tolist()
    assert found["steps"] == list(range(31))
    assert found["measures"]["final_loss"] == rates.trials["final_loss"].tolist()
    learnt = found["learnt"]
    assert len(learnt["output"]) == learnt["side"] ** 2


def test_what_is_not_finite_is_told_by_name(server: Server) -> None:
    view = VIEW | {"others": {"initial.scale": 1.7e308}}  # some weights are infinite
    asked = {"view": view, "levels": [5, 4], "points": [[0, seed] for seed in range(12)]}
    found = server.json("/api/points", asked)["measures"]
    assert {"inf", "nan"} & {*found["final_loss"]}
    assert None in found["steps_to_target"]


def test_what_a_run_left_is_shown(server: Server, study: Study) -> None:
    body = {"view": VIEW, "measures": ["final_loss"]}
    (none,) = frames(server.answer("/api/results", body)[1])
    assert not none.x.size
    trials = sweep.run(study, results=server.folder / "results").trials()
    (found,) = frames(server.answer("/api/results", body)[1])
    one = trials[trials["initial.scale"] == 2.0].sort_values(["seed", "learning_rate"])
    assert found.values.tobytes() == one["final_loss"].to_numpy().tobytes()
    assert found.x.tolist() == one["learning_rate"].to_numpy()[:5].tolist()


def test_tabs_give_up_what_they_asked_before(server: Server) -> None:
    """Ten pages at once, each of which asks anew at once: the last answers are whole."""
    answers: dict[int, list[object]] = {}

    def page(number: int) -> None:
        for level in (3, 4):
            want = [[level, 0, str(i), "0", 5] for i in range(2**level)]
            if level == 3:  # a page that is gone before anything comes
                with asking(server.port, TOKEN, want=want, tab=str(number)):
                    pass
            else:
                answers[number] = [
                    f.at for f in server.tiles(VIEW, want, ["final_loss"], str(number), 1)
                ]

    pages = [threading.Thread(target=page, args=(number,)) for number in range(10)]
    for one in pages:
        one.start()
    for one in pages:
        one.join()
    assert [len(set(answers[number])) for number in range(10)] == [16] * 10
    assert not [*(server.folder / "tiles").glob("*.part")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_server_that_is_ended_leaves_whole_tiles(tmp_path: Path, number: int) -> None:
    (tmp_path / "small.toml").write_text(STUDY.replace("steps = 30", "steps = 3000"))
    want = [[8, 0, str(i), "0", 6] for i in range(200)]
    with command(tmp_path) as (process, port, token), asking(port, token, want=want) as page:
        received(page, lambda found: len(found) > 3000)  # the first tile has come
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else -number), said
    assert said == ("sweep: interrupted\n" if number == signal.SIGINT else "")
    tiles = tmp_path / "cache" / "tiles"
    kept = [*tiles.glob("*.tile")]
    assert kept
    assert all(Tile.of(one.read_bytes()) for one in kept)
    assert number == signal.SIGKILL or not [*tiles.glob("*.part")]


def test_an_interruption_does_not_wait_for_what_takes_minutes(tmp_path: Path) -> None:
    slow = STUDY.replace("steps = 30", "steps = 1_000_000_000") + '[record]\nloss = "final"\n'
    (tmp_path / "small.toml").write_text(slow)
    point = {"levels": [3, 3], "points": [[0, 0]], "curves": True}
    with command(tmp_path) as (process, port, token), asking(port, token, "points", **point):
        time.sleep(2)  # the first map and the point are under way
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "sweep: interrupted\n")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="asks Linux for processes")
def test_an_interruption_ends_what_compiles_too(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(STUDY)
    point = {"levels": [3, 3], "points": [[0, 0]], "curves": True}
    with (
        command(tmp_path, warm=False) as (process, port, token),
        asking(port, token, want=[[*ROOT, 3]]) as page,
        asking(port, token, "points", **point) as other,
    ):
        received(page, lambda found: b"compiling" in found)
        while len(processes(tmp_path)) < 2:
            time.sleep(0.05)
        time.sleep(0.2)  # the point is being waited for
        process.send_signal(signal.SIGINT)
        received(other, lambda found: b"the server is ending" in found)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "sweep: interrupted\n")
    assert not processes(tmp_path)


def processes(folder: Path) -> list[str]:
    """The processes that were told of a folder in their environment."""
    found = []
    for one in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if str(folder).encode() in one.read_bytes():
                found.append(one.parent.name)
    return found


@contextmanager
def asking(port: int, token: str, path: str = "tiles", **more: object) -> Iterator[socket.socket]:
    """A connection on which something is asked for, by hand."""
    text = json.dumps({"tab": "one", "view": VIEW, "measures": ["final_loss"]} | more).encode()
    head = f"POST /api/{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Sweep-Token: {token}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as page:
        page.sendall(f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text)
        yield page


def received(page: socket.socket, enough: Callable[[bytes], bool]) -> None:
    """Receive until it is enough."""
    found = b""
    while not enough(found):
        found += (more := page.recv(2**16))
        assert more, found


def test_a_port_that_is_taken_and_an_extra_that_is_missing_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "small.toml").write_text(STUDY)
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        pytest.raises(RequestError, match=r"--port: 127\.0\.0\.1, port \d+: .*in use"),
    ):
        sweep.explore(tmp_path / "small.toml", port=one.getsockname()[1])
    monkeypatch.delitem(sys.modules, "sweep.explorer.serving")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(RequestError, match=r"pip install 'sweep\[explore\]'"):
        sweep.explore(tmp_path / "small.toml")


def test_a_wrong_port_or_host_is_one_line_and_soon(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    for port in (-1, 70000):
        with pytest.raises(RequestError, match=rf"^--port: must be a whole .* not {port}$"):
            sweep.explore(study, port=port)
    for port in (None, 8432):  # an address that nobody has
        with pytest.raises(RequestError, match=r"^--host: 192\.0\.2\.1: is no address of this"):
            sweep.explore(study, host="192.0.2.1", port=port)
    with pytest.raises(RequestError, match=r'^--host: "": is no known address'):
        sweep.explore(study, host="")
    answered = threading.Event()
    monkeypatch.setattr(exploring, "_PATIENCE", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(60))
    with pytest.raises(RequestError, match=r'^--host: "nosuchhost": is no known address'):
        sweep.explore(study, host="nosuchhost")
    answered.set()


def test_a_server_of_all_addresses_is_reached_by_those_of_its_machine_alone(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(STUDY)
    printed, own = exploring.reached("0.0.0.0", "0.0.0.0"), socket.gethostname().lower()
    assert printed != "0.0.0.0"
    with command(tmp_path, host="0.0.0.0", shown=printed) as (_, port, token):

        def status(name: str, through: str = printed) -> int:
            server = Server(port, tmp_path, host=through)
            host = f"{name}:{port}"
            sent = {"host": host, "origin": f"http://{host}", "x_sweep_token": token}
            return server.answer("/api/study", **sent)[0]

        told = Server(port, tmp_path, host=printed).answer("/api/study", x_sweep_token=token)[1]
        assert next(frames(told)).told["command"] == "sweep explore small.toml"
        known = [printed, own, "localhost"]
        assert [status(name) for name in known] == [200] * len(known)
        assert status("127.0.0.1", "127.0.0.1") == 200
        strange = ["evil.example", f"{own}.evil.example", f"{printed}.evil.example", "192.0.2.1"]
        assert [status(name) for name in strange] == [403] * len(strange)


def test_too_many_requests_at_once_are_told_so_in_json(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_AT_ONCE", 1)
    want = [[8, 0, str(i), "0", 6] for i in range(200)]
    with asking(server.port, TOKEN, want=want) as page:
        received(page, lambda found: len(found) > 1000)
        status, content, _ = server.answer("/api/study")
    assert status == 503
    assert "too many" in json.loads(content)["error"]


def test_the_page_asks_nobody_else() -> None:
    for file in module.PAGE.iterdir():
        assert not re.search(r"https?://|//cdn|@import", file.read_text()), file.name
