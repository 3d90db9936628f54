"""Secrets made up for one test, and a search that undoes encodings rather than guess how a secret may have been encoded.

Everything in a file is decoded, again and again: JSON strings, URL-encoding, HTML, base64 at every alignment, hex, line
breaks, colours of a terminal, compressed parts of pictures. Whatever a masker forgot to think of is found like that.
"""

from __future__ import annotations

import binascii
import html
import json
import re
import secrets
import string
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote, unquote_plus

PIECE, STEP = 12, 5  # of 16 characters in a row, which are as bad as all of them, one such piece is always there
ROUNDS = 3
LETTERS = string.ascii_letters + string.digits
STRANGE = LETTERS + "\"'<>&/+=%\\ü$?#:@ ;,"
WRAPPED = re.compile(r"(?<=[A-Za-z0-9+/=_-])(?:\\n|\s)+(?=[A-Za-z0-9+/=_-])")
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}")
HEX = re.compile(r"(?:[0-9a-fA-F]{2}){16,}")
COLOURS = re.compile(r"(?:\x1b|\\u001b|\\x1b)\[[0-9;]*m")
TAGS = re.compile(r"<[^<>]{1,200}>")


def made_up() -> dict[str, str]:
    """A value for each kind of secret, by the name of the variable. Nothing in them is a real vendor's key."""
    dsn_password, words_password, queue_password = (_random(STRANGE, 24).strip() + "Z" for _ in range(3))
    return {
        "STRIPE_SECRET_KEY": _random(LETTERS, 40),
        "CLERK_API_KEY": "q" + _random(STRANGE, 40) + "z",
        "SUPABASE_SERVICE_KEY": _random(LETTERS, 120) + "." + _random(LETTERS, 120),
        "CALCOM_WEBHOOK_SECRET": f"{_random(LETTERS, 30)}\n{_random(LETTERS, 30)}",
        "SENTRY_AUTH_TOKEN": "A" + _random(LETTERS, 22) + "A",  # ends as it begins
        "LD_API_KEY": _random(LETTERS, 8),
        "DATABASE_URL": f"postgresql://runbook:{quote(dsn_password, safe='')}@127.0.0.1:9/postgres?sslmode=disable",
        "PROD_DATABASE_URL": f"host=127.0.0.1 port=9 user=runbook password='{_in_words(words_password)}' dbname=x",
        "REDIS_URL": f"redis://:{quote(queue_password, safe='')}@127.0.0.1:9/0",
        "SLACK_BOT_TOKEN": _random(LETTERS, 32),
    }


def needles(made: dict[str, str]) -> dict[str, str]:
    """What must never be met, by the name of its variable: of an address its password, else the whole value."""
    found = {}
    for name, value in made.items():
        if "://" in value:
            user = value.split("://")[1].rpartition("@")[0]
            found[name] = unquote(user.partition(":")[2])
        elif match := re.search(r"password='(.*)' dbname", value):
            found[name] = re.sub(r"\\(.)", r"\1", match[1])
        else:
            found[name] = value
    return {name: value for name, value in found.items() if value}


def leaks(folder: Path, made: dict[str, str]) -> list[str]:
    """Where a secret, or a large piece of one, stands in any file below a folder, in any form."""
    pieces = {piece: name for name, value in needles(made).items() for piece in _pieces(value)}
    wanted = re.compile("|".join(re.escape(piece) for piece in sorted(pieces, key=len, reverse=True)))
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for how, text in _read(path.read_bytes()):
            for match in wanted.finditer(text):
                shown = text[max(0, match.start() - 60) : match.end() + 20]
                found.setdefault(
                    (pieces[match.group()], path.name), f"{pieces[match.group()]} in {path.name} ({how}): {shown!r}"
                )
    return list(found.values())


def _read(raw: bytes) -> Iterator[tuple[str, str]]:
    """A file's text, the strings in it, and all that comes out of them when their encodings are undone."""
    whole = raw.decode("utf-8", "replace")
    yield "as it is", whole
    met: set[str] = set()
    now = [("string", text) for text in _strings(whole)]
    for _ in range(ROUNDS):
        after = []
        for how, text in now:
            if text not in met:
                met.add(text)
                yield how, text
                after += [(f"{how}, {name}", more) for name, more in _decoded(text) if more and more != text]
        now = after


def _strings(text: str) -> Iterator[str]:
    """The strings of JSON or of its lines, and each cell's streams put together again; of other files the lines."""
    streams: dict[tuple[str, str], str] = {}
    for line in [text] if text.startswith("{\n") else text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            yield line
            continue
        yield from _strings_of(value)
        output = value.get("data", {}).get("output", {}) if isinstance(value, dict) else {}
        if output.get("output_type") == "stream":
            key = (value["data"]["id"], output["name"])
            streams[key] = streams.get(key, "") + output["text"]
    yield from streams.values()


def _json_in(text: str) -> Iterator[str]:
    if text[:1] in ('"', "{", "["):
        try:
            yield from _strings_of(json.loads(text))
        except ValueError:
            return


def _strings_of(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings_of(item)


def _decoded(text: str) -> Iterator[tuple[str, str]]:
    yield "unquoted", unquote(text)
    yield "unquoted", unquote_plus(text)
    yield "from HTML", html.unescape(text)
    yield "without tags", TAGS.sub("", text)
    yield "without colours", COLOURS.sub("", text)
    yield "read as JSON", "\n".join(_json_in(text))
    yield "on one line", WRAPPED.sub("", text)
    yield "unescaped", re.sub(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", _character, text)
    bare = [bytes.fromhex(part) for part in HEX.findall(text)]
    yield "from hex", "\n".join(raw.decode(name, "replace") for raw in bare for name in ("utf-8", "latin-1"))
    yield "from base64", "\n".join(_from_base64(part) for part in BASE64.findall(text))


def _from_base64(part: str) -> str:
    plain = part.replace("-", "+").replace("_", "/")
    found = []
    for start in range(4):
        piece = plain[start:]
        raw = binascii.a2b_base64(piece[: len(piece) // 4 * 4])
        text = raw.decode("utf-8", "replace")
        found += [text, raw.decode("latin-1"), *_inflated(raw)]
    return "\n".join(found)


def _inflated(raw: bytes) -> Iterator[str]:
    """Compressed texts of a PNG: they begin with a zlib header somewhere behind their keyword."""
    for kind in (b"zTXt", b"iTXt"):
        at = raw.find(kind)
        while at >= 0:
            for start in range(at, min(at + 100, len(raw))):
                try:
                    yield zlib.decompressobj().decompress(raw[start:]).decode("utf-8", "replace")
                except zlib.error:
                    continue
            at = raw.find(kind, at + 1)


def _character(match: re.Match[str]) -> str:
    if code := match[1] or match[2]:
        return chr(int(code, 16))
    return {"n": "\n", "t": "\t", "r": "\r"}.get(match[3], match[3])


def _pieces(secret: str) -> Iterator[str]:
    if len(secret) <= PIECE:
        yield secret
    for start in range(0, len(secret) - PIECE + 1, STEP):
        yield secret[start : start + PIECE]


def _in_words(password: str) -> str:
    """A password between quotes of a connection string of words (libpq, 32.1.1.1)."""
    return password.replace("\\", "\\\\").replace("'", "\\'")


def _random(letters: str, length: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))


def leaks_in(text: str, made: dict[str, str]) -> list[str]:
    """The same for a text, as a terminal or a log got it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "log").write_text(text)
        return leaks(Path(folder), made)
