"""Two thousand events that were never handled, a run that is killed three times, and Stripe that goes on by itself meanwhile."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from runbook.sandbox import lifecycle, state
from runbook.sandbox.paying import ENDPOINT

CHECKOUT = Path(__file__).resolve().parents[2]
EVENTS = 2000
KILLED_AT = (1700, 1200, 600)  # when so many are left
TRY_AGAIN_SECONDS = 0.25  # between Stripe's own tries: it allows 25 requests a second, and most of them are ours
LINE = ("--env", "sandbox", "--mode", "act", "--approve", "enable_endpoint", "--approve", "backfill_events")
HANDLED = (
    "select (select count(*) from public.processed_events where event_id = any(%(events)s)),"
    " (select count(*) from public.entitlements where payment_id = any(%(payments)s)),"
    " (select count(distinct payment_id) from public.entitlements where payment_id = any(%(payments)s))"
)


class Night:
    """One sandbox, its events, and the runs of this test."""

    def __init__(self, world: Path, runs: Path) -> None:
        self.world, self.runs = world, runs
        told = state.read(world)
        assert told is not None
        self.secrets, self.stripe = told["secrets"], told["urls"]["stripe"]
        lifecycle.control("POST", "break", {"faults": [{"webhook_endpoint_disabled": {"events": EVENTS}}]}, world)
        self.events = list(self._missed())

    def left(self) -> int:
        return int(lifecycle.control("GET", "state", path=self.world)["events_unhandled"])

    def begin(self, *words: str) -> subprocess.Popen[str]:
        told = {key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")}
        told |= {"RUNBOOK_SANDBOX": str(self.world), "RUNBOOK_RUNS": str(self.runs)}
        return subprocess.Popen(
            [sys.executable, "-m", "runbook.cli.main", *words, "--json"], cwd=CHECKOUT, env=told, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def killed(self, run: subprocess.Popen[str], left: int) -> None:
        """Let it work until so many are left, then kill it and its kernel."""
        give_up = time.monotonic() + 120
        while self.left() > left:
            assert run.poll() is None and time.monotonic() < give_up, "the run ended, or did not come so far"
            time.sleep(0.2)
        kill(run)

    def ended(self, run: subprocess.Popen[str]) -> tuple[int, dict[str, str]]:
        """Its exit code, and what became of each action."""
        out, error = run.communicate(timeout=200)
        assert out, error[-2000:]
        return run.returncode, {one["action"]: one["outcome"] for one in json.loads(out)["actions"]}

    def handled(self) -> tuple[int, int, int]:
        """Events noted as handled, times that something was given for their payments, and payments it was given for."""
        events, payments = zip(*self.events, strict=True)
        with psycopg.connect(self.secrets["DATABASE_URL"]) as us:
            row = us.execute(HANDLED, {"events": list(events), "payments": list(payments)}).fetchone()
        assert row is not None
        return tuple(map(int, row))  # type: ignore[return-value]

    @contextmanager
    def stripe_goes_on(self) -> Iterator[list[str]]:
        """Stripe tries events again all the while, the newest and the oldest alike, and never asks what we do."""
        stop, tried, chance = threading.Event(), [], random.Random(7)

        def go_on() -> None:
            while not stop.wait(TRY_AGAIN_SECONDS):
                event = chance.choice(self.events)[0]
                self.ask("POST", f"/v1/events/{event}/retry", f"webhook_endpoint={ENDPOINT}")
                tried.append(event)

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            yield tried
        finally:
            stop.set()
            thread.join(10)

    def ask(self, method: str, path: str, body: str = "") -> Any:
        key = self.secrets["STRIPE_SECRET_KEY"]
        request = urllib.request.Request(
            f"{self.stripe}{path}", body.encode() or None, {"Authorization": f"Bearer {key}"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            assert error.code == 429, error  # one try of many: Stripe's comes later
            return {}

    def _missed(self) -> Iterator[tuple[str, str]]:
        """Event and payment of what happened while the endpoint was off."""
        after = ""
        while True:
            time.sleep(0.05)
            page = self.ask("GET", f"/v1/events?limit=100{after}")
            for one in page["data"]:
                if len(one["id"]) > len("evt_") + 20:  # those of the healthy days before have short names
                    yield one["id"], one["data"]["object"]["id"]
            if not page["has_more"]:
                return
            after = f"&starting_after={page['data'][-1]['id']}"


def kill(run: subprocess.Popen[str]) -> None:
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=10)


@pytest.mark.long
@pytest.mark.timeout(420)
def test_two_thousand_events_three_kills_and_stripe_going_on_end_with_each_handled_once(tmp_path: Path) -> None:
    with lifecycle.own_sandbox(tmp_path / "world") as world:
        night = Night(world, tmp_path / "runs")
        assert (len(night.events), night.left(), night.handled()) == (EVENTS, EVENTS, (0, 0, 0))
        with night.stripe_goes_on() as tried:
            run = night.begin("run", "webhook-failure", *LINE)
            try:
                for left in KILLED_AT:
                    night.killed(run, left)
                    run = night.begin("resume", "latest")
                ended = night.ended(run)
            finally:
                if run.poll() is None:
                    kill(run)
        assert ended == (0, {"enable_endpoint": "done", "backfill_events": "done"} | without(ended[1]))
        assert len(tried) > 50
        assert night.handled() == (EVENTS, EVENTS, EVENTS)
        code, outcomes = night.ended(night.begin("run", "webhook-failure", *LINE))
        assert (code, outcomes["backfill_events"], outcomes["enable_endpoint"]) == (0, "unchanged", "unchanged")
        assert night.handled() == (EVENTS, EVENTS, EVENTS)


def without(outcomes: dict[str, str]) -> dict[str, str]:
    """What was not asked for: skipped, whichever it was."""
    return {name: outcome for name, outcome in outcomes.items() if name not in ("enable_endpoint", "backfill_events")}
