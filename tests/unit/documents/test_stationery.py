"""A public body's letterhead: its colours are readable, its logo is drawn as it is, and what cannot be drawn is named."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import page
import pytest
from PIL import Image, ImageDraw

from contreseing.documenting import build_documents, build_stationery
from contreseing.settings import Settings, load_settings
from conventions.errors import ConfigurationError
from documents.adapter import ReportlabDocuments
from documents.pdf.logo import MAX_LOGO_BYTES, MOST_HEIGHT, MOST_WIDTH, parse_logo
from documents.pdf.stationery import LEAST_CONTRAST, contrast, make_palette, make_stationery, parse_colour
from documents.pdf.style import MARGIN_RIGHT, PAGE_WIDTH
from tests.builders import example_terms
from tests.unit.contreseing.test_settings import GIVEN
from tests.unit.documents.measures import shown_text

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50">{}</svg>'
BERRY = (122, 31, 61)


def example_settings(**changes: Any) -> Settings:  # noqa: ANN401 any field of Settings
    return load_settings(**{name.lower(): value for name, value in GIVEN.items()}, **changes)


def svg(content: str) -> bytes:
    return SVG.format(content).encode()


def png(width: int = 300, height: int = 100) -> bytes:
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((0, 0, width // 2 - 1, height), fill=(*BERRY, 255))
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()


def first_page(logo: bytes | None = None, colour: str | None = None) -> tuple[bytes, Image.Image]:
    documents = ReportlabDocuments(stationery=make_stationery(logo=logo, colour=colour))
    data = documents.render_agreement(example_terms()).data
    return data, Image.open(io.BytesIO(documents.render_page_picture(data, 1))).convert("RGB")


def logo_pixel(picture: Image.Image, logo: bytes, x: float, y: float) -> tuple[int, ...]:
    """Return the colour at a point of the logo (from 0 to 1, from its upper left corner)."""
    drawn = parse_logo(logo)
    scale = picture.width / PAGE_WIDTH
    left = PAGE_WIDTH - MARGIN_RIGHT - drawn.width
    found = picture.getpixel((int((left + x * drawn.width) * scale), int((44 + y * drawn.width / drawn.ratio) * scale)))
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize("logo", [png(), svg('<rect width="50" height="50" fill="#7a1f3d"/>')], ids=["PNG", "SVG"])
def test_logo_is_drawn_in_its_place_and_the_file_conforms(logo: bytes) -> None:
    data, picture = first_page(logo)
    for profile in (page.ValidationProfile.PDF_A_3A, page.ValidationProfile.PDF_UA_1):
        assert page.validate_pdf_bytes(data, profile=profile).failures == []
    assert logo_pixel(picture, logo, 0.25, 0.5) == BERRY
    assert logo_pixel(picture, logo, 0.75, 0.5) == (255, 255, 255)


@pytest.mark.parametrize(
    ("content", "inside", "outside"),
    [
        ('<circle cx="50" cy="25" r="20" fill="#7a1f3d"/>', (0.5, 0.15), (0.35, 0.15)),
        ('<ellipse cx="50" cy="25" rx="40" ry="10" fill="#7a1f3d"/>', (0.15, 0.5), (0.5, 0.2)),
        ('<polygon points="0,50 50,0 100,50" fill="#7a1f3d"/>', (0.5, 0.3), (0.1, 0.3)),
        ('<polyline points="0,0 100,0" stroke="#7a1f3d" stroke-width="20" fill="none"/>', (0.5, 0.1), (0.5, 0.5)),
        ('<line x1="0" y1="25" x2="100" y2="25" stroke="#7a1f3d" stroke-width="10"/>', (0.5, 0.5), (0.5, 0.2)),
        ('<path d="M10 10h80v30H10z M30 20v10h40V20z" fill-rule="evenodd" fill="#7a1f3d"/>', (0.2, 0.5), (0.5, 0.5)),
        ('<path d="M0 50 C0 0 100 0 100 50" fill="#7a1f3d"/>', (0.5, 0.5), (0.5, 0.15)),
        ('<path d="M0 50 Q50 -50 100 50" fill="#7a1f3d"/>', (0.5, 0.2), (0.1, 0.2)),
        ('<path d="M0 25 q25 -25 50 0 t50 0 V50 H0z" fill="#7a1f3d"/>', (0.25, 0.4), (0.75, 0.6)),
        ('<path d="m0 50 l0 -25 c0 -25 50 -25 50 0 s50 25 50 0 v25z" fill="#7a1f3d"/>', (0.25, 0.3), (0.75, 0.55)),
        ('<g transform="translate(50 0) scale(0.5)" fill="#7a1f3d"><rect width="100" height="100"/></g>', (0.75, 0.5), (0.25, 0.5)),
        ('<rect width="10" height="10" fill="#7a1f3d" transform="matrix(5 0 0 5 0 0)"/>', (0.25, 0.5), (0.75, 0.5)),
    ],
)
def test_shapes_of_svg(content: str, inside: tuple[float, float], outside: tuple[float, float]) -> None:
    logo = svg(content)
    _, picture = first_page(logo)
    assert logo_pixel(picture, logo, *inside) == BERRY
    assert logo_pixel(picture, logo, *outside) == (255, 255, 255)


@pytest.mark.parametrize(
    ("logo", "told"),
    [
        (b"GIF89a", "neither PNG nor SVG"),
        (b"<html/>", "neither PNG nor SVG"),
        (png()[:60], "cannot be read"),
        (b"\x89PNG\r\n\x1a\n" + bytes(MAX_LOGO_BYTES), "bytes, at most"),
        (png(4_000, 1_001), "pixels, at most"),
        (svg("<text>Nom</text>"), "element text"),
        (svg('<image href="x"/>'), "element image"),
        (svg('<rect width="1" height="1" fill="url(#a)"/>'), "colour url"),
        (svg('<rect width="1" height="1" style="fill:red"/>'), "attribute style"),
        (svg('<rect width="1" height="1" opacity="0.5"/>'), "attribute opacity"),
        (svg('<rect width="1em" height="1"/>'), "length 1em"),
        (svg('<path d="M0 0 A1 1 0 0 0 2 2"/>'), "not drawn"),
        (svg('<path d="M0 0 L1"/>'), "command L has 1 numbers"),
        (svg('<g transform="rotate(3)"/>'), "transform"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg(""), "document type"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "no size"),
    ],
)
def test_logo_that_cannot_be_drawn_is_told(logo: bytes, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        parse_logo(logo)
    assert caught.value.code == "letterhead.logo"


def test_logo_keeps_its_shape_within_its_place() -> None:
    for width, height in ((300, 100), (100, 300), (50, 50), (3_000, 10)):
        logo = parse_logo(png(width, height))
        assert logo.width <= MOST_WIDTH
        assert logo.width / logo.ratio <= MOST_HEIGHT + 0.01


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(parse_colour("#000000", "x"), parse_colour("#ffffff", "x")) == pytest.approx(21)
    assert contrast(parse_colour("#767676", "x"), parse_colour("#ffffff", "x")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("colour", "tint"), [("#ffcc00", None), ("#999999", None), ("#7a1f3d", "#7a1f3e"), ("#767676", "#dddddd")])
def test_colours_that_are_hard_to_read_are_refused(colour: str, tint: str | None) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_palette(colour, tint)
    assert caught.value.code == "letterhead.contrast"
    assert float(caught.value.details["ratio"]) < LEAST_CONTRAST


@pytest.mark.parametrize("colour", ["red", "#12345", "#12345g", "rgb(0,0,0)", ""])
def test_colour_is_six_digits(colour: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_palette(colour)
    assert caught.value.code == "letterhead.colour"


def test_titles_are_set_in_the_colour() -> None:
    _, plain = first_page()
    _, coloured = first_page(colour="#7a1f3d")
    assert BERRY in {colour for _, colour in coloured.getcolors(1_000_000) or ()}
    assert BERRY not in {colour for _, colour in plain.getcolors(1_000_000) or ()}


def test_name_and_address_take_the_place_of_the_syndicate_s() -> None:
    stationery = make_stationery(name="Nom usuel", address="1 quai Fictif\n\n29000 Port-Fictif")
    text = shown_text(ReportlabDocuments(stationery=stationery).render_agreement(example_terms()).data)
    assert "Nom usuel" in text
    assert "29000 Port-Fictif" in text
    for address, name in (("a\nb\nc", ""), ("\u4e2d", ""), ("", "\u4e2d")):
        with pytest.raises(ConfigurationError) as caught:
            make_stationery(name=name, address=address)
        assert caught.value.code == "letterhead.address"
    with pytest.raises(ConfigurationError):
        make_stationery(tint="#ffffff")


def test_letterhead_comes_from_the_settings(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png())
    settings = example_settings(letterhead_logo=tmp_path / "logo.png", letterhead_colour="#7a1f3d", letterhead_name="Nom usuel")
    text = shown_text(build_documents(settings).render_agreement(example_terms()).data)
    assert "Nom usuel" in text
    with pytest.raises(ConfigurationError, match="cannot be read"):
        build_stationery(example_settings(letterhead_logo=tmp_path / "absent.png"))
