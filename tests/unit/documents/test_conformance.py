"""Each rule of PDF/A-3a and PDF/UA-1 that we rely on is really checked: a file that breaks it, and only it, is caught.

Here by a fast validator; ``tests/interop/documents`` gives the same files to veraPDF.
"""

from __future__ import annotations

import page
import pytest

from tests.interop.documents.breaks import BYTE_CONTROLS, CONTROLS, UA, broken
from tests.interop.documents.short_document import render_short

PROFILES = (page.ValidationProfile.PDF_A_3A, page.ValidationProfile.PDF_UA_1)


@pytest.fixture(scope="module")
def short() -> bytes:
    return render_short()


def test_a_copy_without_change_conforms(short: bytes) -> None:
    copy = broken(short, lambda _: None)
    assert [page.validate_pdf_bytes(copy, profile=profile).failures for profile in PROFILES] == [[], []]


@pytest.mark.parametrize("rule", CONTROLS)
def test_broken_rule_is_caught(short: bytes, rule: str) -> None:
    flavour, _, breaks = CONTROLS[rule]
    assert page.validate_pdf_bytes(broken(short, breaks), profile=PROFILES[flavour == UA]).failures


@pytest.mark.parametrize("rule", BYTE_CONTROLS)
def test_broken_bytes_are_caught(short: bytes, rule: str) -> None:
    flavour, _, changed = BYTE_CONTROLS[rule]
    assert page.validate_pdf_bytes(changed(short), profile=PROFILES[flavour == UA]).failures
