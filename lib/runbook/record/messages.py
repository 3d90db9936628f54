"""Jupyter's messages as the record keeps them: outputs of nbformat, and which request they answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from runbook.model import Json

OUTPUTS = {"display_data", "execute_result", "error"}  # stream and updates need more care than a copy


def as_output(kind: str, body: Mapping[str, Any]) -> dict[str, Json] | None:
    """A message as nbformat keeps it; None for those that are no output."""
    if kind == "stream":
        return {"output_type": "stream", "name": body["name"], "text": body["text"]}
    if kind == "error":
        return {"output_type": "error", "ename": body["ename"], "evalue": body["evalue"],
                "traceback": list(body["traceback"])}  # fmt: skip
    if kind not in OUTPUTS and kind != "update_display_data":
        return None
    output: dict[str, Json] = {"output_type": kind, "data": dict(body["data"]), "metadata": dict(body["metadata"])}
    if kind == "execute_result":
        output["execution_count"] = body["execution_count"]
    elif display_id := (body.get("transient") or {}).get("display_id"):
        output["display_id"] = display_id
    return output


def joined(waiting: Sequence[tuple[str, dict[str, Json]]]) -> list[tuple[str, dict[str, Json]]]:
    """The events with each stream in one piece: a secret split over two is found only so."""
    whole: list[tuple[str, dict[str, Json]]] = []
    streams: dict[tuple[int, str], dict[str, Json]] = {}
    for event, data in waiting:
        output = data.get("output", {})
        if output.get("output_type") != "stream":
            whole.append((event, data))
        elif (before := streams.get(key := (data["index"], output["name"]))) is not None:
            before["text"] += output["text"]
        else:
            streams[key] = dict(output)
            whole.append((event, {**data, "output": streams[key]}))
    return whole


def stop_echo() -> None:
    """ipykernel also hands what a cell's children write, unmasked, to whoever started the kernel: a log of CI."""
    for stream in (sys.stdout, sys.stderr):
        if (handle := getattr(stream, "_original_stdstream_copy", None)) is not None:  # ipykernel/iostream.py
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, handle)
            os.close(nowhere)


def message_of(about: Any) -> str:
    """The id of the request that a message answers; ``about`` is a message or its header."""
    if not about:
        return ""
    header = about.get("header", about)
    return str(header.get("msg_id", ""))
