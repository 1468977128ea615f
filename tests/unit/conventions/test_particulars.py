"""Dates of a termination as the convention sets them, and what each kind puts in its embedded data."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conventions.canonical import render_canonical
from conventions.kinds import Kind
from conventions.particulars import (
    PARTICULARS_OF,
    Acknowledgement,
    Amendment,
    Change,
    Charter,
    EndedService,
    Order,
    OrderLine,
    Particulars,
    SignedAgreement,
    Termination,
    first_anniversary,
    last_day_of_month,
    notice_dates,
)
from conventions.terms import agreement_data
from tests.builders import example_terms

TERM = date(2030, 12, 31)
PARENT = SignedAgreement(Kind.CONVENTION, "2026-0014", "Convention n° 2026-0014", "Abers-Fictifs", "a" * 64, date(2026, 1, 9))
NOTICE = SignedAgreement(Kind.TERMINATION_NOTICE, "2027-0003", "Avis n° 2027-0003", "Abers-Fictifs", "b" * 64, date(2027, 3, 15))
DATES = notice_dates(date(2027, 3, 15), date(2026, 2, 1), TERM)
GED = EndedService("ged", "Espace de gestion documentaire")


@pytest.mark.parametrize(
    ("received", "in_service", "starts", "ends", "due"),
    [
        ("2027-03-15", "2026-01-10", "2027-04-01", "2027-05-31", "2027-05-31"),
        ("2027-03-01", "2026-01-10", "2027-04-01", "2027-05-31", "2027-05-31"),
        ("2027-03-31", "2026-01-10", "2027-04-01", "2027-05-31", "2027-05-31"),
        ("2027-12-31", "2026-01-10", "2028-01-01", "2028-02-29", "2028-02-29"),
        ("2027-11-02", "2026-01-10", "2027-12-01", "2028-01-31", "2028-01-31"),
        ("2026-04-20", "2026-02-01", "2026-05-01", "2026-06-30", "2027-02-01"),
        ("2026-11-20", "2026-01-15", "2026-12-01", "2027-01-31", "2027-01-31"),
        ("2030-11-20", "2026-01-15", "2030-12-01", "2030-12-31", "2030-12-31"),
        ("2030-04-01", "2030-02-01", "2030-05-01", "2030-06-30", "2030-12-31"),
    ],
)
def test_notice_runs_two_months_from_the_first_of_the_next(received: str, in_service: str, starts: str, ends: str, due: str) -> None:
    dates = notice_dates(date.fromisoformat(received), date.fromisoformat(in_service), TERM)
    assert [day.isoformat() for day in (dates.starts_on, dates.ends_on, dates.due_until)] == [starts, ends, due]
    assert dates.is_due_beyond_the_end is (due > ends)


@given(st.dates(date(2026, 1, 1), date(2030, 9, 30)), st.dates(date(2026, 1, 1), date(2029, 12, 30)))
def test_notice_is_always_two_whole_months_after_the_month_of_receipt(received: date, in_service: date) -> None:
    dates = notice_dates(received, in_service, TERM)
    assert dates.starts_on == last_day_of_month(received) + timedelta(days=1)
    assert dates.starts_on.day == (dates.ends_on + timedelta(days=1)).day == 1
    assert 59 <= (dates.ends_on - dates.starts_on).days + 1 <= 62
    assert dates.due_until == max(dates.ends_on, first_anniversary(in_service))
    assert notice_dates(last_day_of_month(received), in_service, TERM).ends_on == dates.ends_on


def test_anniversary_of_a_leap_day() -> None:
    assert first_anniversary(date(2028, 2, 29)) == date(2029, 2, 28)
    assert first_anniversary(date(2027, 2, 28)) == date(2028, 2, 28)


def test_prices_are_whole_cents() -> None:
    order = Order(PARENT, (OrderLine("ged", "Licence", "licence", 3, 4_550), OrderLine("cert", "Certificat", "certificat", 2, 9_900)), "HT")
    assert [line.total_cents for line in order.lines] == [13_650, 19_800]
    assert order.total_cents == 33_450


EXAMPLES: tuple[tuple[Kind, Particulars, set[str]], ...] = (
    (Kind.CHARTER, Charter(PARENT), {"parent"}),
    (Kind.ORDER_FORM, Order(PARENT, (OrderLine("ged", "Licence", "licence", 3, 4_550),), "HT"), {"parent", "order"}),
    (Kind.AMENDMENT, Amendment(PARENT, 1, (Change("Montant", "1", "2"),), date(2027, 1, 1)), {"parent", "amendment"}),
    (Kind.TERMINATION_NOTICE, Termination(PARENT, (GED,), date(2026, 2, 1), DATES), {"parent", "termination"}),
    (Kind.ACKNOWLEDGEMENT, Acknowledgement(PARENT, NOTICE, (), date(2026, 2, 1), DATES, ("Port-Fictif",)), {"parent", "acknowledgement"}),
)


@pytest.mark.parametrize(("kind", "particulars", "entries"), EXAMPLES, ids=[kind.value for kind, _, _ in EXAMPLES])
def test_particulars_stand_in_the_data(kind: Kind, particulars: Particulars, entries: set[str]) -> None:
    terms = example_terms(kind=kind, particulars=particulars)
    assert isinstance(particulars, PARTICULARS_OF[kind])
    added = set(agreement_data(terms)) - set(agreement_data(example_terms()))
    assert added == entries
    said = json.loads(render_canonical(agreement_data(terms)))
    assert said["parent"]["sha256"] == "a" * 64


def test_title_names_the_kind() -> None:
    titles = [example_terms(kind=kind).title for kind in Kind]
    assert titles[0] == "Convention Ker Niverel n° 2026-0014"
    assert len(set(titles)) == len(Kind)
    assert all(title.endswith("Ker Niverel n° 2026-0014") for title in titles)


def test_notice_says_by_when_it_must_be_received() -> None:
    said = json.loads(render_canonical(EXAMPLES[3][1].data()))["termination"]
    assert said == {
        "services": [{"code": "ged", "name": "Espace de gestion documentaire"}],
        "in_service_on": "2026-02-01",
        "received_by": "2027-03-31",
        "notice_starts_on": "2027-04-01",
        "ends_on": "2027-05-31",
        "contribution_due_until": "2027-05-31",
    }
