"""A small part of SVG 1.1 as PDF operators: filled and stroked shapes, which logos are made of.

Anything else (text, pictures, gradients, style sheets, clipping) is refused by its name: nothing is left out in silence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from documents.pdf.numbers import number

NAMESPACE = "{http://www.w3.org/2000/svg}"
KAPPA = 4 / 3 * (math.sqrt(2) - 1)
"""Length of the handles of a Bézier curve that draws a quarter of a circle of radius 1."""
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_COMMAND = re.compile(r"([MmLlHhVvCcSsQqTtZz])([^A-Za-z]*(?:[eE][-+]?\d+[^A-Za-z]*)*)")
_TRANSFORM = re.compile(r"\s*(translate|scale|matrix)\s*\(([^)]*)\)\s*,?")
_ARITY = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "Z": 0}
_COLOURS: Mapping[str, str] = {"black": "#000000", "white": "#ffffff", "red": "#ff0000", "green": "#008000", "blue": "#0000ff"}
_IGNORED_ELEMENTS = frozenset({"title", "desc", "metadata"})
_PAINT = frozenset({"fill", "stroke", "stroke-width", "fill-rule", "transform"})
_IGNORED_ATTRIBUTES = frozenset({"id", "class", "version", "role", "aria-label", "aria-hidden", "focusable", "space"})
_GEOMETRY: Mapping[str, frozenset[str]] = {
    "svg": frozenset({"width", "height", "viewBox", "preserveAspectRatio"}),
    "g": frozenset(),
    "path": frozenset({"d"}),
    "rect": frozenset({"x", "y", "width", "height"}),
    "circle": frozenset({"cx", "cy", "r"}),
    "ellipse": frozenset({"cx", "cy", "rx", "ry"}),
    "line": frozenset({"x1", "y1", "x2", "y2"}),
    "polygon": frozenset({"points"}),
    "polyline": frozenset({"points"}),
}


@dataclass(frozen=True)
class Drawing:
    """Operators that draw in a box from the origin, upwards."""

    width: float
    height: float
    operators: str


@dataclass(frozen=True)
class _Pen:
    fill: str = "#000000"
    stroke: str = "none"
    stroke_width: str = "1"
    rule: str = "nonzero"


def parse_svg(data: bytes) -> Drawing:
    """Read an SVG file.

    Raises:
        ValueError: not SVG, or an element, attribute, unit or path command that is not drawn here.
    """
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ValueError("an SVG with a document type is not read")
    try:
        root = ET.fromstring(data)  # noqa: S314 without a document type, nothing expands
    except ET.ParseError as error:
        raise ValueError("neither PNG nor SVG") from error
    if root.tag != f"{NAMESPACE}svg":
        raise ValueError("neither PNG nor SVG")
    left, top, width, height = _view_box(root)
    if width <= 0 or height <= 0:
        raise ValueError("the SVG has no size")
    operators = [f"1 0 0 -1 {number(-left)} {number(top + height)} cm", *_drawn(root, _Pen())]
    return Drawing(width, height, "\n".join(operators))


def _view_box(root: ET.Element) -> tuple[float, float, float, float]:
    box = _numbers(root.get("viewBox", ""))
    if len(box) == 4:  # noqa: PLR2004 left, top, width, height
        return box[0], box[1], box[2], box[3]
    return 0.0, 0.0, _length(root, "width"), _length(root, "height")


def _drawn(element: ET.Element, pen: _Pen) -> Iterator[str]:
    name = element.tag.removeprefix(NAMESPACE) if isinstance(element.tag, str) else "comment"
    if name in _IGNORED_ELEMENTS:
        return
    if name not in _GEOMETRY:
        raise ValueError(f"the SVG element {name} is not drawn")
    for attribute in element.keys():  # noqa: SIM118 an element is not a mapping
        plain = attribute.rpartition("}")[2]
        if plain not in _GEOMETRY[name] | _PAINT | _IGNORED_ATTRIBUTES:
            raise ValueError(f"the SVG attribute {plain} of {name} is not drawn")
    inner = _Pen(
        element.get("fill", pen.fill),
        element.get("stroke", pen.stroke),
        element.get("stroke-width", pen.stroke_width),
        element.get("fill-rule", pen.rule),
    )
    yield "q"
    yield from _transforms(element.get("transform", ""))
    if name in {"svg", "g"}:
        for child in element:
            yield from _drawn(child, inner)
    else:
        yield from _painted(" ".join(_SHAPES[name](element)), inner)
    yield "Q"


def _transforms(text: str) -> Iterator[str]:
    if _TRANSFORM.sub("", text).strip():
        raise ValueError(f"the SVG transform {text!r} is not drawn")
    for name, arguments in _TRANSFORM.findall(text):
        values = _numbers(arguments)
        if name == "translate":
            values = [1.0, 0.0, 0.0, 1.0, values[0], values[1] if len(values) > 1 else 0.0]
        elif name == "scale":
            values = [values[0], 0.0, 0.0, values[-1], 0.0, 0.0]
        yield " ".join(f"{value:.6f}" for value in values) + " cm"


def _painted(shape: str, pen: _Pen) -> Iterator[str]:
    fill, stroke = _colour(pen.fill), _colour(pen.stroke)
    if fill is None and stroke is None:
        return
    if fill is not None:
        yield f"{fill} rg"
    if stroke is not None:
        yield f"{stroke} RG {number(float(pen.stroke_width))} w"
    yield shape
    even = "*" if pen.rule == "evenodd" else ""
    yield {(True, False): f"f{even}", (False, True): "S", (True, True): f"B{even}"}[fill is not None, stroke is not None]


def _colour(text: str) -> str | None:
    """Return the operands of a colour; None for no paint."""
    if text == "none":
        return None
    digits = _COLOURS.get(text, text).removeprefix("#")
    if re.fullmatch(r"[0-9A-Fa-f]{3}", digits):
        digits = "".join(digit * 2 for digit in digits)
    if not re.fullmatch(r"[0-9A-Fa-f]{6}", digits):
        raise ValueError(f"the SVG colour {text} is not read: write #RRGGBB")
    return " ".join(number(int(digits[start : start + 2], 16) / 255) for start in (0, 2, 4))


def _numbers(text: str) -> list[float]:
    return [float(found) for found in _NUMBER.findall(text)]


def _length(element: ET.Element, name: str) -> float:
    text = element.get(name, "0").removesuffix("px")
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"the SVG length {text} is not read")
    return float(text)


def _rectangle(element: ET.Element) -> Iterator[str]:
    yield " ".join(number(_length(element, name)) for name in ("x", "y", "width", "height")) + " re"


def _oval(element: ET.Element) -> Iterator[str]:
    x, y = _length(element, "cx"), _length(element, "cy")
    rx = _length(element, "r") or _length(element, "rx")
    ry = _length(element, "r") or _length(element, "ry")
    yield _operator("m", x + rx, y)
    for ax, ay, bx, by in ((1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)):
        yield _operator(
            "c",
            x + rx * (ax + KAPPA * bx),
            y + ry * (ay + KAPPA * by),
            x + rx * (bx + KAPPA * ax),
            y + ry * (by + KAPPA * ay),
            x + rx * bx,
            y + ry * by,
        )
    yield "h"


def _segment(element: ET.Element) -> Iterator[str]:
    yield _operator("m", _length(element, "x1"), _length(element, "y1"))
    yield _operator("l", _length(element, "x2"), _length(element, "y2"))


def _corners(element: ET.Element) -> Iterator[str]:
    values = _numbers(element.get("points", ""))
    for rank in range(0, len(values) - 1, 2):
        yield _operator("l" if rank else "m", values[rank], values[rank + 1])
    if element.tag == f"{NAMESPACE}polygon":
        yield "h"


def _path(element: ET.Element) -> Iterator[str]:
    text = element.get("d", "")
    if _COMMAND.sub("", text).strip():
        raise ValueError("the SVG path uses a command that is not drawn (an arc?)")
    tracer = _Tracer()
    for command, arguments in _COMMAND.findall(text):
        yield from tracer.trace(command, _numbers(arguments))


class _Tracer:
    """Follows a path: where the pen is, where the figure began, and the last handle, which smooth curves mirror."""

    def __init__(self) -> None:
        self.x = self.y = self.first_x = self.first_y = 0.0
        self.handle: tuple[str, float, float] = ("", 0.0, 0.0)

    def trace(self, command: str, values: list[float]) -> Iterator[str]:
        name, arity = command.upper(), _ARITY[command.upper()]
        if (arity == 0 and values) or (arity and (not values or len(values) % arity)):
            raise ValueError(f"the SVG path command {command} has {len(values)} numbers")
        for start in range(0, max(len(values), 1), arity or 1):
            operands = values[start : start + arity]
            if command.islower():
                bases = (self.y,) if name == "V" else (self.x, self.y)
                operands = [value + bases[rank % len(bases)] for rank, value in enumerate(operands)]
            yield self._step("L" if name == "M" and start else name, operands)

    def _step(self, name: str, to: list[float]) -> str:
        if name == "Z":
            self.x, self.y = self.first_x, self.first_y
            self.handle = ("", 0.0, 0.0)
            return "h"
        if name in {"H", "V"}:
            to = [to[0], self.y] if name == "H" else [self.x, to[0]]
        if name in {"M", "L", "H", "V"}:
            self.handle = ("", 0.0, 0.0)
            self.x, self.y = to
            if name == "M":
                self.first_x, self.first_y = to
            return _operator("m" if name == "M" else "l", *to)
        return self._curve(name, to)

    def _curve(self, name: str, to: list[float]) -> str:
        family = "C" if name in {"C", "S"} else "Q"
        if name in {"S", "T"}:
            to = [*self._mirrored(family), *to]
        if family == "C":
            handle, points = to[2:4], to
        else:
            handle, end = to[:2], to[2:]
            points = [
                *(start + 2 / 3 * (middle - start) for start, middle in zip((self.x, self.y), handle, strict=True)),
                *(stop + 2 / 3 * (middle - stop) for stop, middle in zip(end, handle, strict=True)),
                *end,
            ]
        self.handle = (family, handle[0], handle[1])
        self.x, self.y = points[4], points[5]
        return _operator("c", *points)

    def _mirrored(self, family: str) -> tuple[float, float]:
        kind, x, y = self.handle
        return (2 * self.x - x, 2 * self.y - y) if kind == family else (self.x, self.y)


def _operator(name: str, *values: float) -> str:
    return f"{' '.join(map(number, values))} {name}"


_SHAPES: Mapping[str, Callable[[ET.Element], Iterator[str]]] = {
    "path": _path,
    "rect": _rectangle,
    "circle": _oval,
    "ellipse": _oval,
    "line": _segment,
    "polygon": _corners,
    "polyline": _corners,
}
