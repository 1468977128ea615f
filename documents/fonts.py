"""The three faces that every document embeds, and what they can write.

Text is shown through composite fonts (ISO 32000-1, 9.7): two bytes a character, one code for each character of a
repertoire. The common repertoire is frozen and its subset made once in a process; a document that needs more gets the same
codes and further ones after them.
"""

from __future__ import annotations

import functools
import struct
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import font_source_sans_pro
from reportlab.pdfbase.ttfonts import TTFontFace

from conventions.errors import InputRefused

UNITS_PER_EM = 1000
_COMMON_TEXT = (
    "".join(map(chr, range(0x20, 0x7F)))
    + "".join(map(chr, range(0xA0, 0x100))).replace("\u00ad", "")
    + "ŒœŸŠšŽžĀāĒēĪīŌōŪū"
    + "\u202f‘’‚“”„–—…•€™→−≤≥"
)
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Zl", "Zp"})
"""Controls, formats, surrogates, private use, unassigned, marks left alone after composition, line separators."""


class Face(Enum):
    """A face: its resource name in the pages, and its file."""

    REGULAR = ("F1", "SourceSansPro-Regular.ttf")
    STRONG = ("F2", "SourceSansPro-Semibold.ttf")
    ITALIC = ("F3", "SourceSansPro-It.ttf")

    @property
    def resource(self) -> str:
        """Name of the face among the page's resources."""
        return self.value[0]

    @property
    def path(self) -> Path:
        """Where the package keeps the face's file."""
        return Path(font_source_sans_pro.font_directory) / self.value[1]


@dataclass(frozen=True)
class EmbeddedFace:
    """What a document embeds of a face: TrueType bytes, code to glyph, code to width, code to character."""

    name: str
    font_file: bytes
    glyph_of_code: bytes
    widths: tuple[int, ...]
    characters: tuple[int, ...]
    descriptor: str


@functools.cache
def load_face(face: Face) -> TTFontFace:
    """Read a face's file."""
    return TTFontFace(str(face.path), validate=0)


@functools.cache
def common_characters(face: Face) -> tuple[int, ...]:
    """Return the frozen repertoire, in the order of its codes (the first has code 1)."""
    known = load_face(face).charToGlyph
    return tuple(dict.fromkeys(ord(character) for character in _COMMON_TEXT if ord(character) in known))


@functools.cache
def writable_characters() -> frozenset[str]:
    """Return the characters that all three faces have."""
    sets = [set(load_face(face).charToGlyph) for face in Face]
    return frozenset(
        character
        for character in map(chr, set.intersection(*sets))
        if unicodedata.category(character) not in _REFUSED_CATEGORIES
    )


def writable_text(text: str, field: str) -> str:
    """Return the text in composed form (NFC).

    Raises:
        InputRefused: a character cannot be written; names the field, the character's name and its code point.
    """
    composed = unicodedata.normalize("NFC", text)
    if not writable_characters().issuperset(composed):
        character = next(c for c in composed if c not in writable_characters())
        code_point = f"U+{ord(character):04X}"
        name = unicodedata.name(character, "caractère de commande")
        raise InputRefused(
            f"{field}: the fonts cannot write {code_point} ({name})",
            code="documents.missing_character",
            field=field,
            code_point=code_point,
            character=name,
        )
    return composed


class FaceEncoding:
    """Codes of one face within one document: the frozen ones, then those that its text adds, in order of appearance."""

    __slots__ = ("_codes", "face", "used")

    def __init__(self, face: Face) -> None:
        self.face = face
        self._codes = dict(_common_codes(face))
        self.used = False

    def encode(self, text: str) -> str:
        """Return the text as the hexadecimal digits of a PDF string."""
        self.used = True
        encoded = text.translate(self._codes)
        if len(encoded) != 4 * len(text):
            for character in text:
                self._codes.setdefault(ord(character), f"{len(self._codes) + 1:04X}")
            encoded = text.translate(self._codes)
        return encoded

    @property
    def characters(self) -> tuple[int, ...]:
        """All characters with a code, in the order of codes."""
        return tuple(self._codes)


@functools.cache
def _common_codes(face: Face) -> dict[int, str]:
    return {character: f"{rank:04X}" for rank, character in enumerate(common_characters(face), 1)}


@functools.lru_cache(maxsize=65_536)
def text_width(text: str, face: Face) -> int:
    """Width of a text in thousandths of the font size."""
    widths = load_face(face).charWidths
    return int(sum(map(widths.__getitem__, map(ord, text))))


@functools.lru_cache(maxsize=64)
def embedded_face(face: Face, characters: tuple[int, ...]) -> EmbeddedFace:
    """Make the subset of a face that writes those characters."""
    source = load_face(face)
    subset = list(characters)
    glyphs: dict[int, int] = {0: 0}
    for character in subset:
        glyphs.setdefault(source.charToGlyph[character], len(glyphs))
    glyph_of_code = struct.pack(f">{len(subset) + 1}H", 0, *(glyphs[source.charToGlyph[character]] for character in subset))
    name = f"{_subset_tag(characters)}+{source.name.decode('ascii')}"
    box = " ".join(f"{bound:g}" for bound in source.bbox)
    return EmbeddedFace(
        name=name,
        font_file=source.makeSubset(subset),
        glyph_of_code=glyph_of_code,
        widths=tuple(int(source.charWidths[character]) for character in subset),
        characters=characters,
        descriptor=(
            f"/Flags {source.flags & ~32 | 4}/FontBBox[{box}]/Ascent {source.ascent:g}/Descent {source.descent:g}"
            f"/CapHeight {source.capHeight:g}/ItalicAngle {source.italicAngle:g}/StemV {source.stemV:g}"
        ),
    )


def _subset_tag(characters: Iterable[int]) -> str:
    """Six letters that differ when the repertoire differs (ISO 32000-1, 9.6.4)."""
    value = 0
    for character in characters:
        value = (value * 1_114_111 + character) % 26**6
    letters = []
    for _ in range(6):
        value, rest = divmod(value, 26)
        letters.append(chr(ord("A") + rest))
    return "".join(letters)
