"""The three faces that every document embeds, and what they can write.

Text is shown through composite fonts (ISO 32000-1, 9.7): two bytes a character, one code for each character of a
repertoire. The common repertoire is frozen and its subset made once in a process; a document that needs more gets the same
codes and further ones after them.
"""

from __future__ import annotations

import functools
import struct
import threading
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import font_source_sans_pro
from reportlab.pdfbase.ttfonts import TTFontFace

from conventions.errors import InputRefused

CODE_DIGITS = 4
_COMMON_TEXT = (
    "".join(map(chr, range(0x20, 0x7F)))
    + "".join(map(chr, range(0xA0, 0x100))).replace("\u00ad", "")
    + "ŒœŸŠšŽžĀāĒēĪīŌōŪū"
    + "\u202f‘’‚“”„–—…•€™→−≤≥"
)
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Zl", "Zp"})
"""Controls, formats, surrogates, private use, unassigned, marks left alone after composition, line separators."""


_FACE_FILES = threading.Lock()
"""reportlab reads a face's file with one position: one thread at a time."""


class Face(Enum):
    """A face: its resource name in the pages, and its file."""

    REGULAR = ("F1", "SourceSansPro-Regular.ttf")
    STRONG = ("F2", "SourceSansPro-Semibold.ttf")
    ITALIC = ("F3", "SourceSansPro-It.ttf")

    def __init__(self, resource: str, file_name: str) -> None:
        self.resource = resource
        self.path = Path(font_source_sans_pro.font_directory) / file_name


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
    """Return the characters, in composed form, that all three faces have."""
    known = map(chr, set.intersection(*(set(load_face(face).charToGlyph) for face in Face)))
    return frozenset(one for one in known if unicodedata.category(one) not in _REFUSED_CATEGORIES and unicodedata.is_normalized("NFC", one))


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
    """Codes of one face within one document: those it starts with, then one for each further character as it comes."""

    def __init__(self, face: Face, *, frozen: bool) -> None:
        self.face = face
        self.used = False
        self._codes = dict(common_codes(face)) if frozen else {}

    def encode(self, text: str) -> str:
        """Return the text as the hexadecimal digits of a PDF string."""
        self.used = True
        for character in text:
            if ord(character) not in self._codes:
                self._codes[ord(character)] = f"{len(self._codes) + 1:04X}"
        return text.translate(self._codes)

    @property
    def characters(self) -> tuple[int, ...]:
        """All characters with a code, in the order of codes."""
        return tuple(self._codes)


@functools.cache
def common_codes(face: Face) -> Mapping[int, str]:
    """Return the code (four hexadecimal digits) of each character of the frozen repertoire."""
    return {character: f"{rank:04X}" for rank, character in enumerate(common_characters(face), 1)}


def encode_common(text: str, face: Face) -> str | None:
    """Return the text as the hexadecimal digits of a PDF string in the frozen codes; None if they do not suffice."""
    encoded = text.translate(common_codes(face))
    return encoded if len(encoded) == CODE_DIGITS * len(text) else None


@functools.lru_cache(maxsize=16_384)
def text_width(text: str, face: Face) -> int:
    """Width of a text in thousandths of the font size."""
    widths = load_face(face).charWidths
    return int(sum(map(widths.__getitem__, map(ord, text))))


@functools.lru_cache(maxsize=64)
def embedded_face(face: Face, characters: tuple[int, ...]) -> EmbeddedFace:
    """Make the subset of a face that writes those characters."""
    with _FACE_FILES:
        return _make_subset(load_face(face), characters)


def _make_subset(source: TTFontFace, characters: tuple[int, ...]) -> EmbeddedFace:
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
