"""What a public body sets for its letterhead: address lines, colours (their contrast checked), logo."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from conventions.errors import ConfigurationError, InputRefused
from documents.fonts import writable_text
from documents.pdf.logo import Logo, parse_logo
from documents.pdf.numbers import number
from documents.pdf.style import ACCENT, ACCENT_RULE, TINT

MOST_ADDRESS_LINES = 2
LEAST_CONTRAST = 4.5
"""Of text on its ground (WCAG 2.1, 1.4.3)."""
TINT_STRENGTH = 0.07
"""Share of the main colour in the tint that is made from it."""
_HEXADECIMAL = re.compile(r"#[0-9A-Fa-f]{6}")

Colour = tuple[float, float, float]
"""Red, green and blue from 0 to 1 (sRGB)."""
WHITE: Colour = (1.0, 1.0, 1.0)
Palette = Mapping[str, str]
"""Colour operators of the style, each with the one that stands in its place."""


@dataclass(frozen=True)
class Stationery:
    """Letterhead of all documents; without a name or address lines, those of the agreement's syndicate are printed."""

    name: str = ""
    address_lines: tuple[str, ...] = ()
    palette: Palette = field(default_factory=dict)
    logo: Logo | None = None


PLAIN = Stationery()


def make_stationery(
    *, name: str = "", address: str = "", colour: str | None = None, tint: str | None = None, logo: bytes | None = None
) -> Stationery:
    """Make a letterhead: a name, an address (two lines at most), a main colour, a tint, the bytes of a logo's file.

    Raises:
        ConfigurationError: names the setting that cannot be used.
    """
    lines = tuple(filter(None, (line.strip() for line in address.splitlines())))
    if len(lines) > MOST_ADDRESS_LINES:
        raise ConfigurationError(
            f"letterhead_address: {len(lines)} lines, at most {MOST_ADDRESS_LINES}", code="letterhead.address", key="letterhead_address"
        )
    for said, key in ((name, "letterhead_name"), *((line, "letterhead_address") for line in lines)):
        _require_writable(said, key)
    if tint is not None and colour is None:
        raise ConfigurationError("letterhead_tint: no letterhead_colour is set", code="letterhead.colour", key="letterhead_tint")
    return Stationery(
        name=name,
        address_lines=lines,
        palette=make_palette(colour, tint) if colour is not None else {},
        logo=parse_logo(logo) if logo is not None else None,
    )


def _require_writable(text: str, key: str) -> None:
    try:
        writable_text(text, key)
    except InputRefused as error:
        raise ConfigurationError(str(error), code="letterhead.address", key=key) from error


def parse_colour(text: str, name: str) -> Colour:
    """Read a colour written ``#RRGGBB``.

    Raises:
        ConfigurationError: names the setting.
    """
    if not _HEXADECIMAL.fullmatch(text):
        raise ConfigurationError(f"{name}: a colour is written #RRGGBB", code="letterhead.colour", key=name)
    red, green, blue = (int(text[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2.1, relative luminance)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Colour) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 IEC 61966-2-1

    red, green, blue = map(linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def make_palette(main: str, tint: str | None = None) -> Palette:
    """Return the palette of a main colour, for titles and rules, and of the tint under table heads (``#RRGGBB`` both).

    Raises:
        ConfigurationError: not a colour, or titles would be hard to read on white or on the tint.
    """
    colour = parse_colour(main, "letterhead_colour")
    red, green, blue = (1 - TINT_STRENGTH * (1 - part) for part in colour)
    ground = (red, green, blue) if tint is None else parse_colour(tint, "letterhead_tint")
    for under, name in ((WHITE, "white"), (ground, "the tint")):
        ratio = contrast(colour, under)
        if ratio < LEAST_CONTRAST:
            raise ConfigurationError(
                f"letterhead_colour: contrast {ratio:.2f} on {name}, at least {LEAST_CONTRAST} expected",
                code="letterhead.contrast",
                key="letterhead_colour",
                ratio=f"{ratio:.2f}",
                least=str(LEAST_CONTRAST),
            )
    return MappingProxyType({ACCENT: _operator(colour, "rg"), ACCENT_RULE: _operator(colour, "RG"), TINT: _operator(ground, "rg")})


def _operator(colour: Colour, name: str) -> str:
    return f"{' '.join(map(number, colour))} {name}"
