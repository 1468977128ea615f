"""A logo, from a PNG or an SVG file, as what a PDF draws of it: at the right of the letterhead, on the first page."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from conventions.errors import ConfigurationError
from documents.pdf.numbers import number
from documents.pdf.reportlab_internals import stream_body

RESOURCE = "Logo"
MOST_WIDTH = 150.0
MOST_HEIGHT = 50.0
MAX_LOGO_BYTES = 2_000_000
MAX_LOGO_PIXELS = 4_000_000
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Logo:
    """An external object (ISO 32000-1, 8.10.1) and the size that it has in its own space; ``ratio`` is width over height."""

    body: bytes
    own_width: float
    own_height: float
    ratio: float

    @property
    def width(self) -> float:
        """Width on the page, in points: the largest that keeps the logo in its place."""
        return min(MOST_WIDTH, MOST_HEIGHT * self.ratio)

    def operators(self, right: float, top: float) -> str:
        """Return what draws the logo with its upper right corner at a point."""
        height = self.width / self.ratio
        scales = f"{number6(self.width / self.own_width)} 0 0 {number6(height / self.own_height)}"
        return f"q {scales} {number(right - self.width)} {number(top - height)} cm /{RESOURCE} Do Q"


def number6(value: float) -> str:
    """Write a scale, which needs more decimals than a length."""
    return f"{value:.6f}"


def parse_logo(data: bytes) -> Logo:
    """Read a logo from the bytes of a PNG or SVG file.

    Raises:
        ConfigurationError: neither, too large, or an SVG that uses what is not drawn here (it is named).
    """
    if len(data) > MAX_LOGO_BYTES:
        raise _refused(f"{len(data)} bytes, at most {MAX_LOGO_BYTES}")
    return _png(data) if data.startswith(_PNG_SIGNATURE) else _svg(data)


def _png(data: bytes) -> Logo:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            if picture.width * picture.height > MAX_LOGO_PIXELS:
                raise _refused(f"{picture.width} x {picture.height} pixels, at most {MAX_LOGO_PIXELS} in all")
            layered = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _refused("the PNG cannot be read") from error
    flat = Image.new("RGB", layered.size, "white")
    flat.paste(layered, mask=layered.getchannel("A"))
    entries = f"/Type/XObject/Subtype/Image/Width {flat.width}/Height {flat.height}/ColorSpace/DeviceRGB/BitsPerComponent 8"
    return Logo(stream_body(flat.tobytes(), entries), 1.0, 1.0, flat.width / flat.height)


def _svg(data: bytes) -> Logo:
    from documents.pdf.svg import parse_svg  # noqa: PLC0415 for the letterheads that hold one

    try:
        drawing = parse_svg(data)
    except ValueError as error:
        raise _refused(str(error)) from error
    entries = f"/Type/XObject/Subtype/Form/BBox[0 0 {number(drawing.width)} {number(drawing.height)}]/Resources<<>>"
    body = stream_body(drawing.operators.encode("ascii"), entries)
    return Logo(body, drawing.width, drawing.height, drawing.width / drawing.height)


def _refused(what: str) -> ConfigurationError:
    return ConfigurationError(f"letterhead_logo: {what}", code="letterhead.logo", key="letterhead_logo", what=what)
