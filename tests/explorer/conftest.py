import http.client
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweep.explorer import serving as serving_module
from sweep.explorer.exploring import listening
from sweep.explorer.keeping import Kept
from sweep.explorer.working import Pool
from sweep.study import Study, load_study

TOKEN = "the token"
STUDY = """
[network]
layers = [2, 2, 2]
activation = "sigmoid"
bias = false
[data]
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
[initial]
scheme = "normal"
[training]
steps = 30
[outcome]
target = 0.1
diverged_above = 0.4
[axes]
learning_rate = { log = [1e-2, 1e2], num = 5 }
seed = { range = [0, 12] }
"initial.scale" = [1.0, 2.0]
"""


@dataclass(frozen=True)
class Frame:
    """What a server sent of a tile, or told of the study."""

    told: dict[str, Any]
    at: tuple[object, ...]
    said: str
    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    outcome: np.ndarray


def frames(content: bytes) -> Iterator[Frame]:
    """Frames as the page reads them."""
    while content:
        length, told = struct.unpack("<2I", content[:8])
        header = json.loads(content[8 : 8 + told])
        across, up, columns = (header.get(n, 0) for n in ("across", "up", "columns"))
        numbers = np.frombuffer(content[8 + told : 8 + length], np.uint8)
        sizes = np.cumsum([8 * across, 8 * up, 8 * columns * across * up])
        x, y, values, outcome = np.split(numbers, sizes)
        assert len(outcome) == across * up
        yield Frame(
            header,
            tuple(header.get("at", ())),
            header.get("said", ""),
            x.view("<f8"),
            y.view("<f8"),
            values.view("<f8").reshape(columns, up, across),
            outcome.view(np.int8).reshape(up, across),
        )
        content = content[8 + length :]


@dataclass(frozen=True)
class Server:
    """A server that runs, and how one asks it."""

    port: int
    folder: Path
    pool: Pool | None = None
    host: str = "127.0.0.1"

    def answer(
        self, path: str, body: object = None, method: str = "", **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """Status, content and headers; a value of `headers` that is empty is left out."""
        sent = {"x-sweep-token": TOKEN} | {n.replace("_", "-"): one for n, one in headers.items()}
        content = body if isinstance(body, bytes) else json.dumps(body) if body else None
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            method = method or ("POST" if content else "GET")
            connection.request(method, path, content, {n: one for n, one in sent.items() if one})
            found = connection.getresponse()
            return found.status, found.read(), {n.lower(): one for n, one in found.getheaders()}
        finally:
            connection.close()

    def json(self, path: str, body: object = None) -> Any:
        status, content, _ = self.answer(path, body)
        assert status == 200, content
        return json.loads(content)

    def tiles(
        self, view: object, want: object, measures: Sequence[str], tab: str = "one", turn: int = 0
    ) -> list[Frame]:
        asked = {"tab": tab, "turn": turn, "view": view, "want": want, "measures": measures}
        status, content, _ = self.answer("/api/tiles", asked)
        assert status == 200, content
        return list(frames(content))


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """A test that waits for what never comes fails after four minutes, wherever it waits."""

    def late(*_: object) -> None:
        raise TimeoutError("the test takes longer than four minutes")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(240)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@contextmanager
def serving(study: Study, folder: Path, port: int = 0) -> Iterator[Server]:
    """A server of a study, its tiles in a folder, its results beside them."""
    with listening("127.0.0.1", port) as listener, Pool(Kept(folder / "tiles"), 2) as pool:
        port = listener.getsockname()[1]
        hosts = {f"127.0.0.1:{port}"}
        server = serving_module.Server(study, pool, folder / "results", hosts, TOKEN, "")
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield Server(port, folder, pool)
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive(), "the server does not end"


@contextmanager
def command(
    folder: Path,
    study: str = "small.toml",
    port: int = 0,
    *,
    warm: bool = True,
    host: str = "127.0.0.1",
    shown: str = "127.0.0.1",
) -> Iterator[tuple["subprocess.Popen[str]", int, str]]:
    """`sweep explore` as a process of a folder, with its port and its token.

    Its tiles lie in `cache/tiles` of the folder, and with `warm` the kernels at hand beside them.
    """
    cache = folder / "cache"
    cache.mkdir(exist_ok=True)
    for kernel in Path(os.environ["SWEEP_CACHE_DIR"]).glob("*.kernel") if warm else ():
        if not (cache / kernel.name).exists():
            os.link(kernel, cache / kernel.name)
    if not port:
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = int(one.getsockname()[1])
    line = [sys.executable, "-c", "from sweep.cli import main; main()", "explore", study]
    process = subprocess.Popen(
        [*line, "--no-browser", "--port", str(port), "--host", host], cwd=folder, text=True,
        env=os.environ | {"SWEEP_CACHE_DIR": str(cache)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        found = re.fullmatch(
            rf"http://{re.escape(shown)}:{port}/#token=(\S+)\n", process.stdout.readline()
        )
        assert found
        yield process, port, found[1]
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study of two numbers and a scale, whose kernel is small."""
    path = tmp_path_factory.mktemp("study") / "small.toml"
    path.write_text(STUDY)
    return load_study(path)


@pytest.fixture
def server(study: Study, tmp_path: Path) -> Iterator[Server]:
    with serving(study, tmp_path) as found:
        yield found


VIEW = {
    "x": {"axis": "learning_rate", "spacing": "log", "low": 0.01, "high": 100.0},
    "y": {"axis": "seed", "spacing": "range", "low": 0, "high": 12},
    "others": {"initial.scale": 2.0},
}
