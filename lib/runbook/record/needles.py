"""Finds secrets in text, whole or cut short: each by its first letters, then as far as it goes on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

PIECE = 12  # letters: so much of a beginning or an end is taken for the whole; a table or a message has cut the rest
FIRST = 4  # letters by which one that has several ways to be written is looked for
LARGE = 4000  # characters from which a look for each beginning in turn is faster than one pattern of them all


@dataclass(frozen=True, slots=True)
class Found:
    """A needle's place in a text, its tag, and whether all of it is there."""

    start: int
    end: int
    tag: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Needle:
    """One secret, or what base64 makes of it: for each letter the ways in which it may be written."""

    letters: tuple[frozenset[str], ...]
    tag: str

    @classmethod
    def literal(cls, text: str, tag: str) -> Needle:
        """A needle of which each letter has one way."""
        return cls(tuple(frozenset({letter}) for letter in text), tag)

    @property
    def head(self) -> str:
        """A pattern for its beginning."""
        return "".join(_one_of(ways) for ways in self.letters[: PIECE if self.is_plain else FIRST])

    @property
    def is_plain(self) -> bool:
        """Whether its beginning has but one way to be written."""
        return all(len(ways) == 1 for ways in self.letters[:PIECE])

    @property
    def mark(self) -> str:
        """The longest text that its beginning always holds, however it is written; may be empty."""
        letters = (next(iter(ways)) if len(ways) == 1 else "\n" for ways in self.letters[:PIECE])
        return max("".join(letters).split("\n"), key=len)

    def backward(self) -> Needle:
        """The same, read from its end."""
        return Needle(tuple(frozenset(way[::-1] for way in ways) for ways in reversed(self.letters)), self.tag)

    def follow(self, text: str, start: int) -> tuple[int, int, bool]:
        """From ``start``: how many letters are there, where they end, and whether the text ends before they do."""
        places, end = {start}, start
        for count, ways in enumerate(self.letters):
            if any(place == len(text) or any(_begins(way, text, place) for way in ways) for place in places):
                return count, len(text), True
            places = {place + len(way) for place in places for way in ways if text.startswith(way, place)}
            if not places:
                return count, end, False
            end = max(places)
        return len(self.letters), end, False


class Needles:
    """Many needles in one direction."""

    def __init__(self, needles: Iterable[Needle]) -> None:
        longest_first = sorted(needles, key=lambda needle: len(needle.letters), reverse=True)
        by_head: dict[str, list[Needle]] = defaultdict(list)
        self._by_first: dict[str, list[Needle]] = defaultdict(list)
        for needle in longest_first:
            by_head[needle.head].append(needle)
            for first in {way[0] for way in needle.letters[0]}:
                self._by_first[first].append(needle)
        self._groups = list(by_head.values())
        self._plain = [_text_of(group[0]) for group in self._groups if group[0].is_plain]
        self._pattern = re.compile("|".join(f"({head})" for head in by_head)) if by_head else None
        odd = [group[0] for group in self._groups if not group[0].is_plain]
        self._odd = re.compile("|".join(one.head for one in odd)) if odd else None
        self._marks = [one.mark for one in odd]
        self._any = re.compile("|".join(by_head)) if by_head else None  # without groups: many times as fast
        self._reach = max((sum(max(map(len, ways)) for ways in one.letters) for one in longest_first), default=0)

    def may_be_in(self, text: str) -> bool:
        """False when no needle, nor a piece of one, is in this text."""
        if self._any is None or len(text) <= LARGE:
            return self._any is not None and self._any.search(text) is not None
        if any(head in text for head in self._plain):
            return True
        return self._odd is not None and any(mark in text for mark in self._marks) and bool(self._odd.search(text))

    def found(self, text: str) -> Iterator[Found]:
        """Every needle, or a large enough beginning of one, from left to right."""
        at = 0
        while self._pattern is not None and (match := self._pattern.search(text, at)) is not None:
            best = max((self._measured(one, text, match.start()) for one in self._groups[(match.lastindex or 1) - 1]),
                       key=lambda one: (one.whole, one.end), default=None)  # fmt: skip
            at = match.start() + 1
            if best is not None and best.end > best.start:
                yield best
                at = best.end

    def begun(self, text: str) -> int:
        """How many characters at the end of a text belong to a needle that may go on behind it."""
        cut = len(text)
        for start in range(max(0, len(text) - self._reach), len(text)):
            if any(needle.follow(text, start)[2] for needle in self._by_first.get(text[start], ())):
                cut = start
                break
        for found in self.found(text) if cut < len(text) else ():
            if found.start < cut < found.end:  # the end of one is the beginning of another: keep both together
                return len(text) - found.start
        return len(text) - cut

    def _measured(self, needle: Needle, text: str, start: int) -> Found:
        count, end, _ = needle.follow(text, start)
        whole = count == len(needle.letters)
        return Found(start, end if whole or count >= PIECE else start, needle.tag, whole)


def replaced(text: str, found: Iterable[Found]) -> str:
    """The text with each of these, in their order, replaced by its tag."""
    pieces, done = [], 0
    for one in found:
        pieces += [text[done : one.start], one.tag]
        done = one.end
    return "".join([*pieces, text[done:]])


def replaced_backward(text: str, needles: Needles) -> str:
    """The text with the end of each needle replaced; ``needles`` read from their ends."""
    size = len(text)
    found = [Found(size - one.end, size - one.start, one.tag, one.whole) for one in needles.found(text[::-1])]
    return replaced(text, reversed(found))


def _begins(way: str, text: str, place: int) -> bool:
    """Whether the text ends in the middle of this way to write a letter."""
    left = len(text) - place
    return left < len(way) and way.startswith(text[place:])


def _one_of(ways: Iterable[str]) -> str:
    longest_first = sorted(ways, key=len, reverse=True)
    return re.escape(longest_first[0]) if len(longest_first) == 1 else f"(?:{'|'.join(map(re.escape, longest_first))})"


def _text_of(needle: Needle) -> str:
    """The one way in which a plain needle's beginning is written."""
    letters: Sequence[Iterable[str]] = needle.letters[:PIECE]
    return "".join(chain.from_iterable(letters))
