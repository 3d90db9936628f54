"""A headless Chromium, driven over its own debugging protocol: what a person sees, clicks and types. Loopback only."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome")
SHIFT = 8  # Input.dispatchKeyEvent, modifiers
HERE = """(selector, text) => {
  const found = [...document.querySelectorAll(selector)].filter(
    e => e.getClientRects().length && (!text || e.textContent.trim() === text));
  if (!found.length) return null;
  found[0].scrollIntoView({block: 'center'});
  const box = found[0].getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}"""


def executable() -> str | None:
    """Where Chromium is; None when it is not installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One tab."""

    def __init__(self, address: str) -> None:
        # No Origin header: the debugging port takes none that it was not told of.
        self._socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        self._numbers = itertools.count(1)
        for domain in ("Page", "Runtime"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its answer."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("method") == "Page.javascriptDialogOpening":  # "leave this page?"
                answer = {
                    "id": next(self._numbers),
                    "method": "Page.handleJavaScriptDialog",
                    "params": {"accept": True},
                }
                self._socket.send(json.dumps(answer))
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return dict(message["result"])

    def go(self, url: str) -> None:
        """Open an address."""
        self.send("Page.navigate", url=url)

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    def until(self, holds: Callable[[], Any], seconds: float = 40, what: str = "it") -> Any:
        """Look again until it holds; the value that held."""
        give_up = time.monotonic() + seconds
        while not (value := holds()):
            assert time.monotonic() < give_up, f"{what} did not come within {seconds:g} s"
            time.sleep(0.1)
        return value

    def where(self, selector: str, text: str = "") -> Any:
        """The middle of the first visible element, scrolled into view; None when there is none."""
        return self.ask(f"({HERE})({json.dumps(selector)}, {json.dumps(text)})")

    def click(self, selector: str, text: str = "", seconds: float = 40) -> None:
        """Click on it, as soon as it is there."""
        self.until(lambda: self.where(selector, text), seconds, f"{selector} {text}")
        time.sleep(0.2)  # scrolling into view moves it once more
        x, y = self.where(selector, text)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str, modifiers: int = 0) -> None:
        """One key."""
        code = {"Enter": 13, "Escape": 27}[key]
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                      modifiers=modifiers, **text)  # fmt: skip

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.send("Input.insertText", text=text)

    def picture(self, path: Path, *, width: int = 1440, height: int = 1000) -> None:
        """What is to be seen now, as a PNG."""
        self.size(width, height)
        data = self.send("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))

    def size(self, width: int, height: int) -> None:
        """Make the window so large."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        time.sleep(0.5)

    def close(self) -> None:
        """Let go of the tab."""
        self._socket.close()


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """A Chromium of our own with one tab; ended with all its processes."""
    program = executable()
    assert program is not None
    command = [
        program, "--headless=new", "--remote-debugging-port=0", "--remote-debugging-address=127.0.0.1",
        f"--user-data-dir={folder}", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1440,1000",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        *(["--no-sandbox"] if os.geteuid() == 0 else []), "about:blank",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            page = Page(_tab(folder / "DevToolsActivePort", process))
            try:
                page.size(1440, 1000)
                yield page
            finally:
                page.close()
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _tab(told: Path, process: subprocess.Popen[bytes]) -> str:
    give_up = time.monotonic() + 30
    while not told.exists() or not told.read_text().strip():
        assert process.poll() is None and time.monotonic() < give_up, "Chromium did not start"
        time.sleep(0.05)
    port = told.read_text().splitlines()[0]
    while time.monotonic() < give_up:
        with urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
            for tab in json.load(answer):
                if tab["type"] == "page":
                    return str(tab["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise AssertionError("Chromium has no tab")
