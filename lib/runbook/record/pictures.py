"""Pictures keep their pixels and lose their comments: texts in a PNG may be compressed, and nobody sees them."""

from __future__ import annotations

PNG = b"\x89PNG\r\n\x1a\n"
COMMENTS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf"})  # PNG specification, 11.3.3 and 11.3.4.6
HEAD, CHECKSUM = 8, 4  # length and name before a chunk's data, and what comes behind it


def without_comments(data: bytes) -> bytes:
    """A PNG without its texts; other pictures, and what is no whole PNG, as they are."""
    if not data.startswith(PNG) or not any(name in data for name in COMMENTS):
        return data
    kept, at = [PNG], len(PNG)
    while at + HEAD + CHECKSUM <= len(data):
        end = at + HEAD + int.from_bytes(data[at : at + 4]) + CHECKSUM
        if data[at + 4 : at + HEAD] not in COMMENTS:
            kept.append(data[at:end])
        at = end
    return b"".join(kept)  # bytes behind the last chunk are none of the picture's
