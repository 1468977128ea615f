"""The fonts that archived documents embed are these bytes: another build would change every document."""

from __future__ import annotations

import hashlib
import re
from importlib import resources

from tests.architecture.tree import listing, product_sources, text_of

FONTS_SHA256 = {
    "SourceSansPro-Bold.ttf": "2efc3a95d076f2d04c5928c0ad698b7c61cc302d6f6e79e9643cd3722f7becc2",
    "SourceSansPro-BoldIt.ttf": "eab3e6c76c677dda287b2e56f41f718cc975a14150f72ef82e0a87f1b56eac4c",
    "SourceSansPro-It.ttf": "36133e9f508b0b4c639e84b2a09855350be0b13700ad729ab519aa78e5c48d20",
    "SourceSansPro-Regular.ttf": "b77f3a700edd0fc0dec73258f882d5c3926c77f5caf6800a201d2166568d2309",
    "SourceSansPro-Semibold.ttf": "b440fd42fd5a54e1b252731deca9cc86604bee6ffa99281f5874c3476eb17eae",
    "SourceSansPro-SemiboldIt.ttf": "e7687a5558387aa42c340012f24adc6d447f43cfaf3974e75fd91fff6451fe79",
}


def test_fonts_are_the_expected_bytes() -> None:
    folder = resources.files("font_source_sans_pro") / "files"
    assert {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FONTS_SHA256} == FONTS_SHA256


def test_product_names_no_other_font() -> None:
    named = {name for path in product_sources() for name in re.findall(r"[\w-]+\.(?:ttf|otf)\b", text_of(path) or "")}
    others = sorted(named - FONTS_SHA256.keys())
    assert not others, listing(others)
