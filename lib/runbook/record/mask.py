"""Secrets out of everything we keep: by value in every encoding it is met in, and by shape.

A secret becomes a keyed tag, ``[STRIPE_SECRET_KEY:7f3a]``: the same secret gives the same tag, so a reader can still
see that two places hold the same key. Ids are never masked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets as randomness
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from runbook.record.shapes import NAMES, PATTERN, may_hold_a_secret

SHORTEST = 8  # declared secrets below this are not masked by value: they would tear ordinary words apart
KEY_FILE = ".mask.key"


def mask_key(runs: Path) -> bytes:
    """The key of this runs folder's tags, made at first use; owner-only."""
    path = runs / KEY_FILE
    runs.mkdir(parents=True, exist_ok=True, mode=0o700)
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
        self._tags: dict[str, str] = {}
        for name, value in secrets.items():
            for part in _secret_parts(value):
                tag = self._tag(name, part)
                for form in _forms(part):
                    self._tags.setdefault(form, tag)
        longest_first = sorted(self._tags, key=len, reverse=True)
        self.longest = len(longest_first[0]) if longest_first else 0
        self._literal = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """The text with every secret replaced by its tag."""
        if self._literal is not None:
            text = self._literal.sub(lambda match: self._tags[match.group()], text)
        if not may_hold_a_secret(text):
            return text
        return PATTERN.sub(self._by_shape, text)

    def json(self, value: Any) -> Any:
        """A JSON value with every string in it masked, keys too. Images (base64 by nature) are left alone."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(k)): v if _is_image(k) else self.json(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.json(item) for item in value]
        return value

    def stream(self) -> StreamMask:
        """A masker for text that comes in pieces: a secret split over two of them is found too."""
        return StreamMask(self)

    def found_in(self, data: bytes) -> list[str]:
        """The tags of secrets that stand in these bytes in clear; empty when there are none."""
        text = data.decode("utf-8", "replace")
        found = {self._tags[match.group()] for match in self._literal.finditer(text)} if self._literal else set()
        return sorted(found)

    def held_back(self, text: str) -> int:
        """How many characters at the end of ``text`` could be the beginning of a secret."""
        for length in range(min(len(text), self.longest - 1), 0, -1):
            tail = text[-length:]
            if any(form.startswith(tail) for form in self._tags):
                return length
        return 0

    def _by_shape(self, match: re.Match[str]) -> str:
        group = match.lastgroup or ""
        secret = match.group(group)
        tag = self._tag(NAMES[int(group.removeprefix("secret"))], secret)
        start, end = match.start(group) - match.start(), match.end(group) - match.start()
        whole = match.group()
        return whole[:start] + tag + whole[end:]

    def _tag(self, name: str, secret: str) -> str:
        return f"[{name}:{hmac.new(self._key, secret.encode(), hashlib.sha256).hexdigest()[:4]}]"


class StreamMask:
    """Holds back what could be the beginning of a secret until the next piece decides."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._pending = ""

    def feed(self, text: str) -> str:
        """Masked text that is safe to show now."""
        whole = self._pending + text
        keep = self._masker.held_back(whole)
        self._pending = whole[len(whole) - keep :] if keep else ""
        return self._masker.text(whole[: len(whole) - keep] if keep else whole)

    def flush(self) -> str:
        """What was held back, masked: nothing more will come."""
        rest, self._pending = self._pending, ""
        return self._masker.text(rest)


def _secret_parts(value: str) -> Iterable[str]:
    """The parts of a declared secret that must never appear: of an address its password, else the whole value."""
    if "://" in value:
        try:
            password = urlsplit(value).password
        except ValueError:
            password = None
        parts = [value] if password is None else [password, unquote(password)]
    else:
        parts = [value]
    return [part for part in dict.fromkeys(parts) if len(part) >= SHORTEST]


def _forms(secret: str) -> set[str]:
    """How a secret looks in a URL, in JSON, in a repr and in base64 at each of the three alignments."""
    forms = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    forms.add(json.dumps(secret, ensure_ascii=False)[1:-1])
    raw = secret.encode("utf-8")
    for lead in range(3):
        padded = b"\0" * lead + raw
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # Only the characters that depend on nothing but the secret: the ends mix with their neighbours.
            start, end = -(-lead * 8 // 6), (len(padded) * 8) // 6
            forms.add(encode(padded).decode("ascii")[start:end])
    return {form for form in forms if len(form) >= SHORTEST}


def _is_image(key: object) -> bool:
    """Whether a mime bundle's value is an image: its base64 holds no text, and masking would break it."""
    return isinstance(key, str) and key.startswith("image/") and key != "image/svg+xml"
