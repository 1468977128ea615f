"""Visits are classified by what was observed, and the reasons say no more than that."""

from __future__ import annotations

import pytest

from conventions.links import VisitorKind
from conventions.visitors import Sign, Visitor, classify, observed

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFE_LINKS = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; BingPreview/1.0b) Chrome/120 Safari/537.36"
CUBOT = "Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG 8) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36"


def visitor(
    agent: str = FIREFOX, *, language: bool = True, fetch: bool = True, prefetch: bool = False, after: float | None = 9.0
) -> Visitor:
    return Visitor("192.0.2.1", agent, language, fetch, prefetch, after)


@pytest.mark.parametrize(
    ("seen", "kind", "because"),
    [
        (visitor(), VisitorKind.PERSON, {Sign.LANGUAGE, Sign.FETCH_METADATA, Sign.UNHURRIED}),
        (visitor(CUBOT), VisitorKind.PERSON, {Sign.LANGUAGE, Sign.FETCH_METADATA, Sign.UNHURRIED}),
        (visitor(after=None), VisitorKind.PERSON, {Sign.LANGUAGE, Sign.FETCH_METADATA}),
        (visitor(after=0.4), VisitorKind.PERSON, {Sign.LANGUAGE, Sign.FETCH_METADATA, Sign.AT_ONCE}),
        (visitor(fetch=False), VisitorKind.PERSON, {Sign.LANGUAGE, Sign.NO_FETCH_METADATA, Sign.UNHURRIED}),
        (visitor(fetch=False, after=0.4), VisitorKind.MACHINE, {Sign.LANGUAGE, Sign.NO_FETCH_METADATA, Sign.AT_ONCE}),
        (visitor(language=False, fetch=False), VisitorKind.MACHINE, {Sign.NO_LANGUAGE, Sign.NO_FETCH_METADATA, Sign.UNHURRIED}),
        (visitor(""), VisitorKind.MACHINE, {Sign.NO_USER_AGENT, Sign.LANGUAGE, Sign.FETCH_METADATA, Sign.UNHURRIED}),
        (visitor(SAFE_LINKS), VisitorKind.MACHINE, {Sign.MAIL_SCANNER, Sign.PROGRAM, Sign.LANGUAGE, Sign.FETCH_METADATA, Sign.UNHURRIED}),
        (visitor("Googlebot/2.1"), VisitorKind.MACHINE, {Sign.PROGRAM, Sign.LANGUAGE, Sign.FETCH_METADATA, Sign.UNHURRIED}),
        (visitor("python-requests/2"), VisitorKind.MACHINE, {Sign.PROGRAM, Sign.LANGUAGE, Sign.FETCH_METADATA, Sign.UNHURRIED}),
        (visitor(prefetch=True), VisitorKind.MACHINE, {Sign.PREFETCH, Sign.LANGUAGE, Sign.FETCH_METADATA, Sign.UNHURRIED}),
        (Visitor("192.0.2.1", FIREFOX), VisitorKind.PERSON, set()),
    ],
)
def test_a_visit_is_classified_by_the_signs_observed(seen: Visitor, kind: VisitorKind, because: set[Sign]) -> None:
    assert set(observed(seen)) == because
    found, told = classify(seen)
    assert (found, set(filter(None, told.split(",")))) == (kind, because)
