"""Secrets out of everything we keep: by value in every encoding it is met in, and by shape.

A secret becomes a keyed tag, ``[STRIPE_SECRET_KEY:7f3a]``: the same secret gives the same tag, so a reader can still
see that two places hold the same key. Ids are never masked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets as randomness
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from runbook.record import forms
from runbook.record.folder import make_runs
from runbook.record.needles import Needle, Needles, replaced, replaced_backward
from runbook.record.pictures import without_comments
from runbook.record.shapes import NAMES, PATTERN, may_hold_a_secret

KEY_FILE = ".mask.key"
MAIL_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
# Lines of base64 as mail and openssl write them; only where a run begins, or the search would be quadratic.
WRAPPED = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{40,}\r?\n(?:[A-Za-z0-9+/_-]{40,}\r?\n)*[A-Za-z0-9+/_-]+=*")


def mask_key(runs: Path) -> bytes:
    """The key of this runs folder's tags, made at first use; owner-only."""
    path = runs / KEY_FILE
    make_runs(runs)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        key = randomness.token_bytes(32)
        file.write(key)
    return key


class Masker:
    """Replaces secrets in text and JSON values. ``secrets`` are names and values; ``key`` keys the tags."""

    def __init__(self, secrets: Mapping[str, str], key: bytes) -> None:
        self._key = key
        parts = [(part, self._tag(name, part)) for name, value in secrets.items() for part in forms.parts(value)]
        self._knows_any = bool(parts)
        plain = [Needle(forms.ways(part), tag) for part, tag in parts]
        encoded = [Needle.literal(form, tag) for part, tag in parts for form in forms.at_once(part)]
        self.needles = Needles([*plain, *encoded])
        # the end of a mail address is its domain: everybody's
        ends = (needle for needle, (part, _) in zip(plain, parts, strict=True) if not MAIL_ADDRESS.fullmatch(part))
        self._ends = Needles(needle.backward() for needle in ends)

    def text(self, text: str) -> str:
        """The text with every secret replaced by its tag, and what UTF-8 has no bytes for written as an escape."""
        if not text.isascii():
            text = text.encode("utf-8", "backslashreplace").decode("utf-8")
        if self._knows_any and "\n" in text:
            text = WRAPPED.sub(self._unwrapped, text)
        if holds := self.needles.may_be_in(text):
            text = replaced(text, (found for found in self.needles.found(text) if found.whole))
        if may_hold_a_secret(text):
            text = PATTERN.sub(self._by_shape, text)
        if holds:  # pieces come last: vendors' tokens of one kind begin alike, and are known by their shape
            text = replaced(text, self.needles.found(text))
        return replaced_backward(text, self._ends) if self._ends.may_be_in(text[::-1]) else text

    def json(self, value: Any) -> Any:
        """A value as JSON with every string in it masked, keys too. A picture stays one, without its comments."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {
                self.text(str(k)): self._picture(v) if _is_picture(k, v) else self.json(v) for k, v in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.json(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.json(plain(value))

    def raw(self, data: bytes) -> bytes:
        """Bytes with every secret in them overwritten, as long as before: lengths and offsets still fit."""
        text = data.decode("utf-8", "surrogateescape")
        if not self.needles.may_be_in(text):
            return data
        found = [one for one in self.needles.found(text) if one.whole]
        stars = [replace(one, tag="*" * len(_bytes(text[one.start : one.end]))) for one in found]
        return _bytes(replaced(text, stars))

    def stream(self) -> StreamMask:
        """A masker for text that comes in pieces: a secret split over two of them is found too."""
        return StreamMask(self)

    def found_in(self, data: bytes) -> list[str]:
        """The tags of secrets that stand in these bytes in clear; empty when there are none."""
        text = data.decode("utf-8", "replace")
        if not self.needles.may_be_in(text):
            return []
        return sorted({found.tag for found in self.needles.found(text) if found.whole})

    def _picture(self, value: str | bytes) -> str:
        """Base64 of a picture whose bytes hold no secret; what is no picture is masked as text."""
        try:
            data = value if isinstance(value, bytes) else base64.b64decode("".join(value.split()), validate=True)
        except ValueError:
            return self.text(str(value))
        clean = base64.b64encode(self.raw(without_comments(data))).decode("ascii")
        return clean if clean == self.text(clean) else self.text(str(value))  # a key may be base64 as it is

    def _unwrapped(self, match: re.Match[str]) -> str:
        """Base64 on several lines, put on one when there is a secret in it."""
        whole = "".join(match.group().split())
        return whole if any(found.whole for found in self.needles.found(whole)) else match.group()

    def _by_shape(self, match: re.Match[str]) -> str:
        group = match.lastgroup or ""
        secret = match.group(group)
        tag = self._tag(NAMES[int(group.removeprefix("secret"))], secret)
        start, end = match.start(group) - match.start(), match.end(group) - match.start()
        whole = match.group()
        return whole[:start] + tag + whole[end:]

    def _tag(self, name: str, secret: str) -> str:
        digest = hmac.new(self._key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return f"[{name}:{digest[:4]}]"


class StreamMask:
    """Holds back what could be the beginning of a secret until the next piece decides."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._pending = ""

    def feed(self, text: str) -> str:
        """Masked text that is safe to show now."""
        whole = self._pending + text
        cut = len(whole) - self._masker.needles.begun(whole)
        self._pending = whole[cut:]
        return self._masker.text(whole[:cut])

    def flush(self) -> str:
        """What was held back, masked: nothing more will come."""
        rest, self._pending = self._pending, ""
        return self._masker.text(rest)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def plain(value: Any) -> Any:
    """What JSON has no word for, as Jupyter sends it (jupyter_client, ``jsonutil.json_default``)."""
    match value:
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case datetime():
            return value.isoformat()
        case Integral():
            return int(value)
        case Real():
            return float(value)
        case Iterable():
            return list(value)
    return str(value)


def _is_picture(key: object, value: object) -> bool:
    """Whether this is a picture in a mime bundle: it is base64 by nature, and a tag in it would break it."""
    return (
        isinstance(key, str) and key.startswith("image/") and key != "image/svg+xml" and isinstance(value, str | bytes)
    )
