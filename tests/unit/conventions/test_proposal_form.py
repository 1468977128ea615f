"""The form of a proposal: what it gives, and each fault at its field."""

from __future__ import annotations

from datetime import date

import pytest

from conventions.asked import TerminationAsked
from conventions.errors import InputRefused
from conventions.kinds import Kind
from conventions.proposal_form import MOST_ROWS, parse_cents, read_proposal, rows_given


@pytest.mark.parametrize(
    ("text", "cents"),
    [("48,00", 4_800), ("48", 4_800), ("1\u202f048,5 €", 104_850), ("0.07", 7), ("", None), ("48,001", None), ("-1", None), ("٤٨", None)],
)
def test_prices_are_read_as_people_write_them(text: str, cents: int | None) -> None:
    assert parse_cents(text) == cents


def test_rows_are_those_that_the_form_has() -> None:
    assert rows_given(Kind.ORDER_FORM, {}) == 1
    assert rows_given(Kind.ORDER_FORM, {"lines-3-unit": ""}) == 3
    assert rows_given(Kind.AMENDMENT, {"lines-3-unit": "", f"changes-{MOST_ROWS + 1}-after": "x"}) == 1
    assert rows_given(Kind.TERMINATION_NOTICE, {"lines-3-unit": ""}) == 0


def test_a_row_left_empty_between_two_is_none() -> None:
    row = {"subject": "Siège", "before": "1 rue", "after": "2 rue"}
    values = {f"changes-{number}-{end}": text for number in (1, 3) for end, text in row.items()} | {"changes-2-subject": "  "}
    asked, deadline = read_proposal(Kind.AMENDMENT, "2026-0001", {**values, "effective-on": "2027-01-01", "deadline": "2026-12-31"})
    assert len(vars(asked)["changes"]) == 2
    assert deadline == date(2026, 12, 31)


def test_no_service_named_stands_for_all() -> None:
    asked, _ = read_proposal(Kind.TERMINATION_NOTICE, "2026-0001", {"extent": "all", "deadline": "2026-12-31"})
    assert asked == TerminationAsked("2026-0001", ())


@pytest.mark.parametrize("quantity", ["0", "1000001", "99999999999", "dix", "1,5", "²"])
def test_a_quantity_is_a_whole_number_of_one_at_least(quantity: str) -> None:
    values = {
        "lines-1-code": "espace",
        "lines-1-name": "Espace",
        "lines-1-unit": "Go",
        "lines-1-quantity": quantity,
        "lines-1-unit-price": "1",
        "tax-statement": "TVA",
        "deadline": "2026-12-31",
    }
    with pytest.raises(InputRefused) as error:
        read_proposal(Kind.ORDER_FORM, "2026-0001", values)
    assert [problem.column for problem in error.value.problems] == ["lines-1-quantity"]
