"""The history in French."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from conventions.agreements import Fact, FactKind, Failure
from conventions.canonical import Json
from flows.history import WARNING, failure_line, history_lines, reason, step_name

AT = datetime(2026, 1, 12, 9, tzinfo=UTC)
DATA: dict[FactKind, dict[str, Json]] = {
    FactKind.DRAFTED: {"programme_ends_on": "2030-12-31"},
    FactKind.DATA_REQUESTED: {"fields": ["act", "referent"]},
    FactKind.PREPARED: {"page_count": 12, "contribution_eur": 13_000},
    FactKind.INVITED: {"link_id": "l", "deadline": "2026-03-13T22:59:59+00:00"},
    FactKind.MEMBER_SIGNED: {"level": "B-LTA"},
    FactKind.COUNTERSIGNED: {"level": "B-LTA"},
    FactKind.AUTHORISED: {"authorisation_id": "a"},
    FactKind.VALIDATED: {"reader": "pyhanko", "level": "B-LTA"},
    FactKind.ARCHIVED: {"retain_until": "2040-12-31T23:00:00+00:00"},
    FactKind.ORDERED: {"services": [{"code": "ged"}, {"code": "sae"}]},
    FactKind.ORDER_SETTLED: {"service": "ged", "outcome": "acknowledged"},
    FactKind.RETURNED: {"reason": "Mme Untel est absente", "by": "agent"},
    FactKind.DECLINED: {"reason": "Mme Untel refuse"},
    FactKind.CANCELLED: {"reason": "erreur de Mme Untel", "by": "Mme Untel"},
    FactKind.UPLOAD_HELD: {"number": 1, "sha256": "a" * 64},
    FactKind.UPLOAD_SETTLED: {"number": 1, "outcome": "refused", "by": "agent", "reason": "Autre organisme."},
    FactKind.DEADLINE_SET: {"number": 1, "deadline": "2026-04-30T21:59:59+00:00", "by": "Mme Untel"},
    FactKind.QUARANTINED: {"number": 1, "reason": "evidence.digest"},
    FactKind.AMENDED: {"document": "2026-0020", "number": 1, "effective_on": "2027-01-01"},
    FactKind.TERMINATED: {"document": "2026-0021", "on": "2027-03-31"},
    FactKind.RELEASED: {"number": 1, "reason": "vu avec Mme Untel", "by": "Mme Untel"},
}


def fact(kind: FactKind, version: int = 1, **data: Json) -> Fact:
    return Fact(kind, AT, version, {**DATA.get(kind, {}), **data})


@pytest.mark.parametrize("kind", FactKind)
def test_every_fact_is_a_french_sentence_without_anybody_s_words(kind: FactKind) -> None:
    (line,) = history_lines([fact(kind)])
    assert line.text.endswith(".")
    assert line.text[0].isupper()
    assert kind.value not in line.text
    assert "Untel" not in line.text
    assert " :" not in line.text.replace("\u00a0:", "")


def test_amounts_dates_and_counts_are_written_in_french() -> None:
    texts = [line.text for line in history_lines([fact(FactKind.PREPARED), fact(FactKind.INVITED), fact(FactKind.ORDERED)])]
    assert texts == [
        "Document préparé\u00a0: 12 pages. Contribution\u00a0: 13\u00a0000,00\u00a0€ par an, hors taxes.",
        "Invitation à signer mise à l’envoi, valable jusqu’au 13\u00a0mars 2026.",
        "Ouverture demandée pour 2 services.",
    ]


def test_later_version_is_told() -> None:
    assert history_lines([fact(FactKind.DRAFTED, version=2)])[0].text == "Dossier rouvert\u00a0: version 2."


def test_orders_settled_together_are_one_line() -> None:
    facts = [
        fact(FactKind.ORDER_SETTLED, service="ged"),
        fact(FactKind.ORDER_SETTLED, service="actes"),
        fact(FactKind.ORDER_SETTLED, service="sae", outcome="waiting_condition"),
        fact(FactKind.NOTIFIED),
    ]
    texts = [line.text for line in history_lines(facts)]
    assert len(texts) == 2
    assert "Services ouverts\u00a0: ged, actes. En attente d’une condition\u00a0: sae." in texts


def test_lines_of_one_instant_keep_their_order_and_start_where_told() -> None:
    facts = [fact(FactKind.DRAFTED), fact(FactKind.PREPARED), fact(FactKind.INVITED)]
    whole = history_lines(facts)
    assert [line.at for line in whole] == sorted({line.at for line in whole})
    assert history_lines(facts, 1) == whole[1:]


def test_failure_says_step_and_reason_after_the_facts() -> None:
    failure = Failure("archive", "upstream.unavailable", AT, 2)
    line = failure_line(failure, 7)
    assert line.level == WARNING
    assert line.at > history_lines([fact(FactKind.DRAFTED)] * 7)[-1].at
    assert line.text.startswith("Échec de l’étape «\u00a0archivage\u00a0»\u00a0: Un service dont nous dépendons")


def test_reason_without_its_details_or_its_sentence() -> None:
    assert reason("programme.closed") == "Le programme … est terminé : plus rien ne peut y être signé."
    assert reason("never.heard_of") == "cause never.heard_of."
    assert step_name("renew") == "renew"
