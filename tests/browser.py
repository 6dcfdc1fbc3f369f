"""A headless Chromium that opens a page for real, spoken to over a pipe in its own protocol.

The DevTools protocol: https://chromedevtools.github.io/devtools-protocol/. Messages are JSON, each
ended by a zero byte; Chromium reads them from its descriptor 3 and answers on 4.
"""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from typing import Any, Self

import pytest

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
needs_browser = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed")

PATIENCE = 120.0
"""Seconds for one answer: a loaded machine starts a browser slowly."""

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-sync",
    "--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking",
    "--disable-component-update", "--disable-default-apps", "--no-default-browser-check",
    "--no-first-run", "--hide-scrollbars", "--force-device-scale-factor=1",
    "--remote-debugging-pipe",
]  # fmt: skip


@dataclass
class Page:
    """One page in a browser.

    `complaints` are errors and warnings of its console, scripts and policy, `requests` the
    addresses that it asked for beside itself and what it carries along.
    """

    send: int
    receive: int
    session: str = ""
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _buffer: bytes = b""
    _number: int = 0
    _events: set[str] = field(default_factory=set)

    def tab(self) -> Self:
        """Open another page of the same browser, which is the one that is spoken to from now on."""
        self.session = ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = found["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.call(f"{domain}.enable")
        return self

    def open(self, page: Path | str) -> Self:
        """Go to a file or an address and wait until it is loaded."""
        self._events.clear()
        self.call("Page.navigate", url=page if isinstance(page, str) else page.resolve().as_uri())
        due = time.monotonic() + PATIENCE
        while "Page.loadEventFired" not in self._events:
            self._take(due)
        return self

    def wait(self, expression: str) -> Any:
        """Return the value of an expression as soon as it is true."""
        due = time.monotonic() + PATIENCE
        while not (found := self.evaluate(expression)):
            assert time.monotonic() < due, expression
            time.sleep(0.05)
        return found

    def mouse(self, kind: str, x: float, y: float, **more: object) -> None:
        """A real event of the mouse: "Moved", "Pressed", "Released" or "Wheel"."""
        button = {} if kind in ("Moved", "Wheel") else {"button": "left", "clickCount": 1}
        held = {"buttons": 1} if kind == "Pressed" else {}
        given: dict[str, Any] = {"deltaX": 0, "deltaY": 0} if kind == "Wheel" else button | held
        self.call("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, **given | more)

    def click(self, x: float, y: float, times: int = 1) -> None:
        """Press and release the left button, `times` times."""
        for count in range(1, times + 1):
            self.mouse("Pressed", x, y, clickCount=count)
            self.mouse("Released", x, y, clickCount=count)

    def drag(self, start: tuple[float, float], end: tuple[float, float], moves: int = 8) -> None:
        """Press at one place, move in some moves, and release at another."""
        (x, y), (to_x, to_y) = start, end
        self.mouse("Moved", x, y)
        self.mouse("Pressed", x, y)
        for move in range(1, moves + 1):
            share = move / moves
            self.mouse("Moved", x + (to_x - x) * share, y + (to_y - y) * share, buttons=1)
        self.mouse("Released", to_x, to_y)

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        """A real event of fingers: "Start", "Move" or "End"."""
        given = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self.call("Input.dispatchTouchEvent", type=f"touch{kind}", touchPoints=given)

    def key(self, key: str, code: int) -> None:
        """Press and release a key, by its name and its virtual code."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code,
                      **(text if kind == "keyDown" else {}))  # fmt: skip

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Return the answer to one command."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.send, json.dumps(message).encode() + b"\0")
        due = time.monotonic() + PATIENCE
        while (answer := self._take(due)).get("id") != number:
            pass
        assert "error" not in answer, answer["error"]
        return answer["result"]  # type: ignore[no-any-return]

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        found = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def resize(self, width: int, height: int = 900, *, phone: bool = False) -> Self:
        """Look at the page through a window of this size in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=phone,
        )  # fmt: skip
        return self

    def prefer(self, scheme: str) -> None:
        """Tell the page that its reader likes "dark" or "light"."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def screenshot(self) -> bytes:
        """Return the whole page as PNG."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(found["data"])

    def pdf(self) -> bytes:
        """Return what printing the page on A4 gives."""
        found = self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69,
                          preferCSSPageSize=True, printBackground=True)  # fmt: skip
        return base64.b64decode(found["data"])

    def _take(self, due: float) -> dict[str, Any]:
        """Return the next message if it comes in time, and note what it says about the page."""
        assert time.monotonic() < due, "the browser does not answer"
        while b"\0" not in self._buffer:
            ready, _, _ = select([self.receive], [], [], max(0.0, due - time.monotonic()))
            assert ready, "the browser does not answer"
            data = os.read(self.receive, 2**20)
            assert data, "the browser has ended"
            self._buffer += data
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, told: dict[str, Any]) -> None:
        self._events.add(event)
        if event == "Log.entryAdded" and told["entry"]["level"] in ("warning", "error"):
            self.complaints.append(told["entry"]["text"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(told["exceptionDetails"]["text"])
        elif event == "Runtime.consoleAPICalled":
            self.complaints.append(f"console.{told['type']}")
        elif event == "Audits.issueAdded":
            self.complaints.append(f"{told['issue']['code']}: {told['issue']['details']}")
        elif event == "Page.javascriptDialogOpening":
            self.complaints.append(f"dialog: {told['message']}")
        elif event == "Network.requestWillBeSent":
            address = told["request"]["url"]
            if not address.startswith("data:") and told.get("type") != "Document":
                self.requests.append(address)


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """Start a browser with an empty profile and lend its one page."""
    assert PROGRAM is not None
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    # Copies above 9 stay clear of the descriptors 3 and 4 that they are to become.
    high_in, high_out = (fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in (theirs_in, theirs_out))
    command = ["bash", "-c", f'exec "$@" 3<&{high_in} 4>&{high_out}', "bash", PROGRAM, *FLAGS]
    process = subprocess.Popen(
        [*command, f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(high_in, high_out),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for one in (theirs_in, theirs_out, high_in, high_out):
        os.close(one)
    try:
        yield Page(ours_out, ours_in).tab()
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        os.close(ours_out)
        os.close(ours_in)
