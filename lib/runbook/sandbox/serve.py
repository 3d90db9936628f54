"""The world process, ``python -m runbook.sandbox.serve --state FILE``: starts the parts, serves the twins."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runbook.sandbox import afterwards, state
from runbook.sandbox.parts import start_parts
from runbook.sandbox.processes import LOOPBACK
from runbook.times import Times, iso


def main() -> None:
    """Serve until TERM or INT; leave nothing behind."""
    parser = argparse.ArgumentParser(prog="runbook.sandbox.serve")
    parser.add_argument("--state", type=Path, required=True)
    path = parser.parse_args().state
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leave)
    os.umask(0o077)  # whatever a part writes is its owner's alone
    folder, held = state.new_folder(state.MARK)
    sweeper = _sweeper(folder, path)
    try:
        asyncio.run(_serve(folder, path))
    finally:
        afterwards.remove(folder, path)
        os.close(held)
        sweeper.communicate(afterwards.DONE)


def _sweeper(folder: Path, path: Path) -> subprocess.Popen[bytes]:
    """Beside us, in a session of its own: what ends us must not end it."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", afterwards.__file__, str(folder), str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", start_new_session=True,
    )  # fmt: skip


async def _serve(folder: Path, path: Path) -> None:
    from runbook.sandbox.doors import apps
    from runbook.sandbox.requests import RequestLog
    from runbook.sandbox.world import World

    times = Times()
    parts = await asyncio.to_thread(start_parts, folder)
    log = RequestLog(folder / "requests.jsonl", times)
    world = World(parts, times, log)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    try:
        listeners = apps(world)
        sockets = {name: _listen() for name in listeners}
        urls = {name: f"http://{LOOPBACK}:{sock.getsockname()[1]}" for name, sock in sockets.items()}
        servers = [_server(app) for app in listeners.values()]
        tasks = [
            asyncio.create_task(server.serve(sockets=[sockets[name]]))
            for server, name in zip(servers, listeners, strict=True)
        ]
        while not all(server.started for server in servers):
            await asyncio.sleep(0.01)
        await asyncio.to_thread(world.start, urls)
        state.write(path, describe(parts, urls, times, path, log.path))
        world.publish = lambda secrets: _publish(path, secrets)
        await stopping.wait()
        for server in servers:
            server.should_exit = server.force_exit = True
        await asyncio.wait(tasks, timeout=2)
    finally:
        await asyncio.to_thread(world.close)
        await asyncio.to_thread(parts.stop)


def describe(parts: Any, urls: Mapping[str, str], times: Times, path: Path, requests: Path) -> dict[str, Any]:
    """The state file's content."""
    return {
        "pid": os.getpid(), "pid_started": state.started(os.getpid()), "dir": str(parts.dir), "state": str(path),
        "started_at": iso(times.now()), "scenario": "healthy", "urls": dict(urls), "ids": dict(parts.ids),
        "secrets": dict(parts.secrets), "requests": str(requests),
    }  # fmt: skip


def _publish(path: Path, secrets: Mapping[str, str]) -> None:
    """A fault changed what we have in hand: the state file says so. An empty value: we have it no longer."""
    found = state.read(path)
    if found is not None:
        held = {**found["secrets"], **secrets}
        state.write(path, {**found, "secrets": {name: value for name, value in held.items() if value}})


def _listen() -> socket.socket:
    # asyncio sends at once (TCP_NODELAY) only where a socket says that it is TCP; else each answer waits 40 ms for an ACK
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.bind((LOOPBACK, 0))
    sock.listen(128)
    return sock


def _server(app: Any) -> Any:
    import uvicorn

    config = uvicorn.Config(app, access_log=False, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    return server


def _leave(*_words: object) -> None:
    """Before the loop listens to signals: end as after Ctrl-C, so that what was started is stopped."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
