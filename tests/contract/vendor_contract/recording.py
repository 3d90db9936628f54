"""Real clients at real twins, with everything written down that goes over the wire."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
from runbook.places import root
from runbook.policy import load as load_policy
from runbook.sandbox import lifecycle
from runbook.sandbox.twins.frame import Vendor
from runbook.settings import load_profile, load_secrets
from runbook.systems import Systems
from runbook.times import Times
from starlette.routing import compile_path

from vendor_contract.judging import Exchange

VENDORS = Path(__file__).parents[1] / "vendors"
TOKENS = ("authorization", "apikey")  # the headers that hold one


@dataclass(frozen=True)
class Contract:
    """One client, the twins it talks to, and the vendor's documents of both.

    ``play(client, sandbox)`` calls every public method of the client with every parameter it has, and by ``client.door``
    every route of the twins that no method uses. ``system`` is the name in the report and in ``exceptions.yaml``; ``opened`` takes the client from the
    systems. Of several documents the first that has a call counts. ``base`` is the path of the vendor's own address where
    the profile's ``url`` holds it (``/api`` of ``https://slack.com/api``): the twin's address has none.
    """

    system: str
    documents: tuple[str, ...]
    client: type
    twins: tuple[Vendor, ...]
    opened: Callable[[Systems], Any]
    play: Callable[[Any, Sandbox], None]
    base: str = ""

    def route(self, method: str, path: str) -> str:
        """The twin's route for a request, as the twin itself picks it; empty when it has none."""
        for endpoint in chain.from_iterable(twin.endpoints for twin in self.twins):
            if endpoint.method == method and compile_path(endpoint.path)[0].match(path):
                return f"{method} {endpoint.path}"
        return ""


@dataclass(frozen=True)
class Sandbox:
    """What a case may do beside the client's own calls."""

    state: Path
    recorder: Recorder

    def break_(self, *faults: Any) -> None:
        """Break the world, which is repaired first."""
        lifecycle.control("POST", "break", {"faults": list(faults)}, self.state)

    def send(self, method: str, path: str, content: bytes, kind: str) -> int:
        """A request of another kind than the client's door sends, to where its last one went, as whom; its status."""
        last = self.recorder.sent[-1]
        headers = [(name, last.headers[name]) for name in TOKENS if name in last.headers] + [("content-type", kind)]
        request = httpx.Request(method, last.url.join(path), headers=headers, content=content)
        return self.recorder.handle_request(request).status_code


@dataclass
class Recording:
    """What one contract's case did: what went over the wire, and which of the client's abilities it used."""

    exchanges: list[Exchange] = field(default_factory=list)
    done: set[str] = field(default_factory=set)


def contracts() -> list[Contract]:
    """Every contract of every file in ``vendors``."""
    found: list[Contract] = []
    for path in sorted(VENDORS.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"contract_of_{path.stem}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found += module.CONTRACTS
    return found


def abilities(client: type) -> set[str]:
    """What a client can do: its public methods, as ``method``, each with every parameter, as ``method(parameter)``."""
    found: set[str] = set()
    for name, method in inspect.getmembers(client, inspect.isfunction):
        if not name.startswith("_"):
            found |= used(name, list(inspect.signature(method).parameters)[1:])
    return found


def used(method: str, parameters: Iterable[str]) -> set[str]:
    """A call as abilities."""
    return {method, *(f"{method}({parameter})" for parameter in parameters)}


def record(contract: Contract, state: Path) -> Recording:
    """Play a contract's case in a healthy world, and ask every call once more without its token."""
    recording = Recording()
    recorder = Recorder(contract, recording)
    profile, addresses = load_profile("sandbox"), lifecycle.status(state)["urls"]
    systems = Systems(
        profile, load_secrets(profile), load_policy(root()), Times(), transports=dict.fromkeys(addresses, recorder)
    )
    with contextlib.closing(systems):
        contract.play(Spied(contract.opened(systems), recorder), Sandbox(state, recorder))
        recorder.ask_without_token()
    lifecycle.control("POST", "repair", {}, state)
    return recording


class Recorder(httpx.BaseTransport):
    """The network, with a copy of what went over it."""

    def __init__(self, contract: Contract, recording: Recording) -> None:
        self._contract, self._recording = contract, recording
        self._network = httpx.HTTPTransport()
        self._by = ""
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass it on and keep both sides."""
        body = request.read()
        self.sent.append(request)
        answered = self._network.handle_request(request)
        try:
            answer = answered.read()
        finally:
            answered.close()
        self._recording.exchanges.append(Exchange(
            self._contract.system, self._by, self._contract.route(request.method, request.url.path), request.method,
            str(request.url.copy_with(raw_path=self._contract.base.encode() + request.url.raw_path)),
            tuple(request.headers.multi_items()), body, answered.status_code, tuple(answered.headers.multi_items()), answer,
        ))  # fmt: skip
        return httpx.Response(answered.status_code, headers=answered.headers, content=answer)

    def close(self) -> None:
        """End the connections."""
        self._network.close()

    @contextlib.contextmanager
    def by(self, name: str, parameters: Iterable[str]) -> Iterator[None]:
        """What is sent inside is the doing of one method, called with these parameters."""
        self._recording.done |= used(name, parameters)
        self._by = name
        try:
            yield
        finally:
            self._by = ""

    def ask_without_token(self) -> None:
        """Each call once more as a stranger: the refusal is the vendor's too. Public calls have no token to leave out."""
        first = {(request.method, request.url.path): request for request in reversed(self.sent)}
        for request in first.values():
            headers = [pair for pair in request.headers.multi_items() if pair[0].lower() not in TOKENS]
            if len(headers) < len(request.headers.multi_items()):
                self.handle_request(httpx.Request(request.method, request.url, headers=headers, content=request.read()))


class Spied:
    """A client whose calls are known by their method."""

    def __init__(self, client: Any, recorder: Recorder) -> None:
        self._client, self._recorder = client, recorder

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not inspect.ismethod(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            with self._recorder.by(name, inspect.signature(found).bind(*args, **kwargs).arguments):
                return found(*args, **kwargs)

        return call
