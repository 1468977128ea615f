"""The status, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from conventions.agreements import Agreement, Fact, FactKind, Stage, service_codes, settled_services
from conventions.canonical import Json
from conventions.errors import NotFound
from conventions.kinds import Kind
from conventions.status import Status, status_of

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = (NOW + timedelta(days=30)).isoformat()
PAST = (NOW - timedelta(days=1)).isoformat()

DATA: Mapping[FactKind, Mapping[str, Json]] = {
    FactKind.DRAFTED: {"programme_ends_on": "2030-12-31"},
    FactKind.INVITED: {"link_id": "l", "deadline": LATER},
    FactKind.AUTHORISED: {"authorisation_id": "c", "expires_at": LATER},
    FactKind.ORDERED: {"services": [{"code": "portail"}, {"code": "sae"}]},
    FactKind.QUARANTINED: {"number": 1, "reason": "r"},
    FactKind.RELEASED: {"number": 1, "reason": "r"},
    FactKind.TERMINATED: {"on": "2026-04-30"},
}


def fact(kind: FactKind, version: int = 1, **data: Json) -> Fact:
    return Fact(kind, NOW, version, {**DATA.get(kind, {}), **data})


def settled(service: str, outcome: str = "acknowledged") -> Fact:
    return fact(FactKind.ORDER_SETTLED, service=service, outcome=outcome)


def agreement(*facts: Fact | FactKind, kind: Kind = Kind.CONVENTION) -> Agreement:
    listed = tuple(item if isinstance(item, Fact) else fact(item) for item in facts)
    return Agreement("2026-0001", kind, "p", "m", "c", listed)


K = FactKind
TO_SIGNED = (K.DRAFTED, K.PREPARED, K.INVITED, K.CONSENTED, K.MEMBER_SIGNED)
TO_ARCHIVED = (*TO_SIGNED, K.AUTHORISED, K.COUNTERSIGNED, K.ARCHIVED)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ((), Status.DRAFTED),
        ((K.DRAFTED,), Status.DRAFTED),
        ((K.DRAFTED, K.DATA_REQUESTED), Status.AWAITING_DATA),
        ((K.DRAFTED, K.DATA_REQUESTED, K.DATA_COMPLETED), Status.DRAFTED),
        ((K.DRAFTED, K.PREPARED), Status.AWAITING_MEMBER),
        ((K.DRAFTED, K.PREPARED, K.INVITED), Status.AWAITING_MEMBER),
        ((K.DRAFTED, K.PREPARED, fact(K.INVITED, deadline=PAST)), Status.EXPIRED),
        ((K.DRAFTED, K.PREPARED, fact(K.INVITED, deadline=PAST), K.CONSENTED), Status.AWAITING_MEMBER),
        (TO_SIGNED, Status.AWAITING_COUNTERSIGNATURE),
        ((*TO_SIGNED, K.AUTHORISED), Status.SEALING),
        ((*TO_SIGNED, fact(K.AUTHORISED, expires_at=PAST)), Status.AWAITING_COUNTERSIGNATURE),
        ((*TO_SIGNED, fact(K.AUTHORISED, expires_at=PAST), K.COUNTERSIGNED), Status.SEALING),
        ((*TO_SIGNED, K.RETURNED), Status.RETURNED),
        ((*TO_SIGNED, K.RETURNED, fact(K.DRAFTED, 2)), Status.DRAFTED),
        ((*TO_SIGNED, K.RETURNED, fact(K.DRAFTED, 2), fact(K.PREPARED, 2)), Status.AWAITING_MEMBER),
        (TO_ARCHIVED, Status.ARCHIVED),
        ((*TO_ARCHIVED, K.ORDERED), Status.ARCHIVED),
        ((*TO_ARCHIVED, K.ORDERED, settled("portail")), Status.ARCHIVED),
        ((*TO_ARCHIVED, K.ORDERED, settled("portail"), settled("sae", "waiting_condition")), Status.ACTIVE),
        ((*TO_ARCHIVED, K.QUARANTINED), Status.QUARANTINED),
        ((*TO_ARCHIVED, K.QUARANTINED, K.RELEASED), Status.ARCHIVED),
        ((K.DRAFTED, K.PREPARED, K.INVITED, K.DECLINED), Status.DECLINED),
        ((K.DRAFTED, K.CANCELLED), Status.CANCELLED),
        ((*TO_ARCHIVED, K.SUPERSEDED), Status.SUPERSEDED),
        ((*TO_ARCHIVED, K.TERMINATED), Status.TERMINATED),
        ((*TO_ARCHIVED, fact(K.TERMINATED, on="2026-05-01")), Status.ARCHIVED),
        ((fact(K.DRAFTED, programme_ends_on="2026-04-30"), K.PREPARED), Status.ENDED),
        ((fact(K.DRAFTED, programme_ends_on="2026-05-01"), K.PREPARED), Status.AWAITING_MEMBER),
    ],
)
def test_each_rule(facts: tuple[Fact | FactKind, ...], status: Status) -> None:
    assert status_of(agreement(*facts), NOW) is status


def test_a_programme_ends_with_its_last_day_in_paris() -> None:
    open_ = agreement(fact(K.DRAFTED, programme_ends_on="2026-05-01"), K.PREPARED)
    assert status_of(open_, datetime(2026, 5, 1, 21, 59, tzinfo=UTC)) is Status.AWAITING_MEMBER
    assert status_of(open_, datetime(2026, 5, 1, 22, 0, tzinfo=UTC)) is Status.ENDED


def test_a_charter_needs_no_countersignature() -> None:
    assert status_of(agreement(*TO_SIGNED, kind=Kind.CHARTER), NOW) is Status.SEALING


def test_services_on_and_pending() -> None:
    on, pending = settled_services(agreement(*TO_ARCHIVED, K.ORDERED, settled("portail"), settled("sae", "waiting_condition")))
    assert (on, pending) == (("portail",), ("sae",))
    assert settled_services(agreement(*TO_ARCHIVED)) == ((), ())


def test_what_is_not_there_says_so() -> None:
    empty = agreement(K.DRAFTED)
    with pytest.raises(NotFound):
        empty.required_fact(FactKind.PREPARED)
    with pytest.raises(NotFound):
        empty.required_artefact(Stage.SEALED)
    with pytest.raises(TypeError):
        fact(K.DRAFTED, programme_ends_on=3).text("programme_ends_on")
    with pytest.raises(TypeError):
        service_codes(fact(K.ORDERED, services="portail"))
