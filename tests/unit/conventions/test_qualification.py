"""What is said of being qualified, to people and to programs, and when lists are too old to say anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from conventions.checks import CHECK_LABELS, CHECK_OF, checks_of, label_of
from conventions.qualification import (
    ANSWERS,
    NO_LIST,
    SIGNATURE_WHY,
    TIMESTAMP_WHY,
    ListsState,
    ListState,
    Qualification,
    QualifiedWhy,
    answer_of,
)
from conventions.signatures import Check, Indication, Outcome, PadesLevel, SignatureFinding

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY = timedelta(days=1)
GRANTED = Qualification(QualifiedWhy.GRANTED, "FR", "Horodatage qualifié", AT)
SIGNED = SignatureFinding("F", "S", "", AT, Indication.TOTAL_PASSED, "", PadesLevel.B_LTA)


@pytest.mark.parametrize("why", QualifiedWhy)
def test_every_answer_has_its_words(why: QualifiedWhy) -> None:
    assert {why} <= ANSWERS.keys() & SIGNATURE_WHY.keys() & TIMESTAMP_WHY.keys()
    told = Qualification(why)
    for sentence in (told.of_signature(), told.of_timestamp()):
        assert "parce que a" not in sentence
        assert "parce qu" in sentence
        assert "qualifi" in sentence


def test_the_list_and_the_service_are_named() -> None:
    assert GRANTED.of_timestamp() == (
        "horodatage qualifié, parce que le service qui l’a donné était qualifié (liste FR\N{NO-BREAK SPACE}; Horodatage qualifié)"
    )
    assert NO_LIST.of_signature() == "signature tenue pour non qualifiée, parce qu’aucune liste de confiance n’est installée"


@pytest.mark.parametrize("answer", [GRANTED, NO_LIST, Qualification(QualifiedWhy.NOT_CLAIMED)])
def test_what_is_published_is_read_again(answer: Qualification) -> None:
    assert answer_of(answer.as_json()) == answer
    assert answer.as_json()["qualified"] is answer.is_qualified


def test_a_report_that_says_nothing_is_of_no_list() -> None:
    assert answer_of(None) is NO_LIST


def fr(issued_at: datetime | None = AT, next_update_at: datetime | None = AT + 30 * DAY, fault: str = "") -> ListsState:
    return ListsState((ListState("FR", "http://listes.invalid/fr.xml", issued_at, next_update_at, fault),), AT)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (ListsState((), None), "aucune liste"),
        (fr(None, None, "adresse sans réponse"), "absente (adresse sans réponse)"),
        (fr(next_update_at=AT - DAY), "périmée"),
        (fr(next_update_at=None), "sans date"),
        (fr(next_update_at=AT + DAY), "sous peu"),
        (fr(fault="signature refusée"), "copie précédente gardée (signature refusée)"),
    ],
)
def test_what_a_person_must_look_at_is_said(state: ListsState, told: str) -> None:
    ((_, sentence),) = state.ageing(AT, 3 * DAY)
    assert told in sentence


def test_fresh_lists_are_no_matter() -> None:
    assert fr().ageing(AT, 3 * DAY) == ()


def test_a_signature_that_passed_passed_each_check() -> None:
    assert set(checks_of(SIGNED).values()) == {Outcome.PASSED}


@pytest.mark.parametrize(
    ("indication", "sub", "check", "outcome"),
    [
        (Indication.TOTAL_FAILED, "HASH_FAILURE", Check.CRYPTOGRAPHY, Outcome.FAILED),
        (Indication.TOTAL_FAILED, "FORMAT_FAILURE", Check.FORMAT, Outcome.FAILED),
        (Indication.INDETERMINATE, "NO_POE", Check.TIME, Outcome.INDETERMINATE),
        (Indication.INDETERMINATE, "REVOKED_NO_POE", Check.CERTIFICATE_PATH, Outcome.INDETERMINATE),
    ],
)
def test_what_did_not_pass_names_the_check_that_decided(indication: Indication, sub: str, check: Check, outcome: Outcome) -> None:
    found = checks_of(SignatureFinding("F", "S", "", AT, indication, sub, None))
    assert {one for one, became in found.items() if became is not Outcome.UNDECIDED} == {check}
    assert found[check] is outcome
    assert set(CHECK_OF.values()) <= set(Check)


def test_what_the_reader_told_of_the_other_checks_is_kept() -> None:
    told = ((Check.FORMAT, Outcome.PASSED), (Check.CRYPTOGRAPHY, Outcome.PASSED), (Check.CERTIFICATE_PATH, Outcome.PASSED))
    found = checks_of(SignatureFinding("F", "S", "", AT, Indication.INDETERMINATE, "NO_CERTIFICATE_CHAIN_FOUND", None, told=told))
    assert (found[Check.FORMAT], found[Check.CRYPTOGRAPHY], found[Check.TIME]) == (Outcome.PASSED, Outcome.PASSED, Outcome.UNDECIDED)
    assert found[Check.CERTIFICATE_PATH] is Outcome.INDETERMINATE, "the check that decided"


def test_a_reader_without_sub_indications_decides_no_check() -> None:
    found = checks_of(SignatureFinding("F", "S", "", AT, Indication.TOTAL_FAILED, "", None))
    assert set(found.values()) == {Outcome.UNDECIDED}


def test_nobody_is_said_to_have_been_asked_of_a_short_term_certificate() -> None:
    short = replace(SIGNED, is_short_term=True)
    assert {check: label_of(check, SIGNED) for check in Check} == dict(CHECK_LABELS)
    assert label_of(Check.CERTIFICATE_PATH, short).startswith("Certificat de courte durée, jamais révoqué")
    assert label_of(Check.FORMAT, short) == CHECK_LABELS[Check.FORMAT]
