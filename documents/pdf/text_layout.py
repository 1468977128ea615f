"""Lines of text: runs broken to a width, left aligned, without hyphenation."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from documents.blocks import Emphasis, Runs
from documents.fonts import Face, encode_common, text_width
from documents.pdf.numbers import number
from documents.pdf.style import TextStyle

_TOKENS = re.compile(r"[^ ]+| +")
_SIGNS = "-@./_"
_FACE_OF = {Emphasis.STRONG: Face.STRONG, Emphasis.ITALIC: Face.ITALIC}


class Segment(NamedTuple):
    """Text of one face within a line; ``run`` is the rank of the run that it comes from, ``link`` the address it leads to."""

    text: str
    face: Face
    link: str | None
    run: int

    def width(self, size: float) -> float:
        """Width in points."""
        return text_width(self.text, self.face) * size / 1000


class Line(NamedTuple):
    """One line: its segments from left to right, and its width without the space that ends it."""

    segments: tuple[Segment, ...]
    width: float


class TextBlock:
    """Broken lines of one style, shared by all documents that hold the same text, with the operators that show them."""

    def __init__(self, lines: tuple[Line, ...], style: TextStyle) -> None:
        self.lines = lines
        self.style = style
        self.height = len(lines) * style.leading
        segments = [segment for line in lines for segment in line.segments]
        self.faces = tuple(dict.fromkeys(segment.face for segment in segments))
        self.is_common = not any(segment.link or encode_common(segment.text, segment.face) is None for segment in segments)
        self._shown: dict[tuple[int, int], str] = {}

    def common_operators(self, first: int, last: int) -> str:
        """Return what shows lines ``first`` to ``last`` from the text position on; only where ``is_common`` holds."""
        if (first, last) not in self._shown:
            self._shown[first, last] = " ".join(self._operators(first, last))
        return self._shown[first, last]

    def _operators(self, first: int, last: int) -> list[str]:
        size = f"{number(self.style.size)} Tf"
        operators: list[str] = []
        face: Face | None = None
        x = 0.0
        for rank, line in enumerate(self.lines[first : last + 1]):
            segment_x = 0.0
            if rank:
                operators.append(f"{number(-x)} {number(-self.style.leading)} Td")
                x = 0.0
            for segment in line.segments:
                if segment.face is not face:
                    face = segment.face
                    operators.append(f"/{face.resource} {size}")
                if segment_x != x:
                    operators.append(f"{number(segment_x - x)} 0 Td")
                    x = segment_x
                operators.append(f"<{encode_common(segment.text, segment.face)}> Tj")
                segment_x += segment.width(self.style.size)
        return operators


class _Word(NamedTuple):
    pieces: list[Segment]
    spaced: bool
    """Whether a space precedes the word."""


@functools.lru_cache(maxsize=4_096)
def lay_text(runs: Runs, style: TextStyle, width: float) -> TextBlock:
    """Break runs into lines no wider than ``width``; a word wider than that is cut between characters.

    A line that another follows ends with the space at which it was broken, so that words stay apart for a reader of the
    structure (ISO 32000-1, 14.8.2.5). No text makes no line.
    """
    size = style.size
    lines: list[list[Segment]] = [[]]
    used = 0.0
    for word in _words(runs, style):
        advance = sum(piece.width(size) for piece in word.pieces)
        line = lines[-1]
        if line and word.spaced:
            space = text_width(" ", line[-1].face) * size / 1000
            line[-1] = line[-1]._replace(text=line[-1].text + " ")
            used += space
        if line and used + advance > width:
            line = []
            lines.append(line)
            used = 0.0
        if advance > width:
            used = _append_cut(lines, word.pieces, size, width)
        else:
            line.extend(word.pieces)
            used += advance
    return TextBlock(tuple(_merged(line, size) for line in lines if line), style)


def _words(runs: Runs, style: TextStyle) -> list[_Word]:
    words: list[_Word] = []
    inside = spaced = False
    for rank, run in enumerate(runs):
        face = _FACE_OF.get(run.emphasis, style.face)
        for token in _TOKENS.findall(run.text):
            if token[0] == " ":
                inside, spaced = False, True
            elif inside:
                words[-1].pieces.append(Segment(token, face, run.link, rank))
            else:
                words.append(_Word([Segment(token, face, run.link, rank)], spaced))
                inside, spaced = True, False
    return words


def _append_cut(lines: list[list[Segment]], pieces: list[Segment], size: float, width: float) -> float:
    """Set a word wider than a line over as many lines as it takes; return the width used on the last.

    A line ends after the last sign of the word (``-@./_``) that fits, as an address is best read; else where it is full.
    """
    used = 0.0
    for piece in pieces:
        start = 0
        for position, character in enumerate(piece.text):
            advance = text_width(character, piece.face) * size / 1000
            if used + advance > width:
                after_sign = 1 + max(piece.text.rfind(sign, start, position) for sign in _SIGNS)
                cut = after_sign if after_sign > start else position
                if cut > start:
                    lines[-1].append(piece._replace(text=piece.text[start:cut]))
                lines.append([])
                start = cut
                used = text_width(piece.text[cut:position], piece.face) * size / 1000
            used += advance
        lines[-1].append(piece._replace(text=piece.text[start:]))
    return used


def _merged(pieces: list[Segment], size: float) -> Line:
    merged = [pieces[0]]
    for piece in pieces[1:]:
        last = merged[-1]
        if last.face is piece.face and last.link == piece.link and (piece.link is None or last.run == piece.run):
            merged[-1] = last._replace(text=last.text + piece.text)
        else:
            merged.append(piece)
    trailing = text_width(" ", merged[-1].face) * size / 1000 if merged[-1].text.endswith(" ") else 0.0
    return Line(tuple(merged), sum(segment.width(size) for segment in merged) - trailing)
