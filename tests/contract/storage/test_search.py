"""Finding agreements: every registry finds the same, page by page, whatever the criteria, and as facts come."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest

from conventions.agreements import FactKind
from conventions.kinds import Kind
from conventions.ports.registry import Registry
from conventions.search import Wanted
from conventions.siret import fictitious_siret
from conventions.status import Status
from tests.builders import example_member
from tests.contract.storage.records import LATER, NOW, agreement, fact, seed

NAMES = ("Communauté de l'Île-d'Émeraude", "Ville_100 %", "Pays de Brocéliande", "Agglomération d'Émeraude")
SERVICES = [{"code": "ged"}, {"code": "ged_large"}]


@pytest.fixture
def filled(registry: Registry) -> Registry:
    with registry.write() as tx:
        for number, member_id in enumerate(seed(tx, members=len(NAMES)), 1):
            tx.update_member(dataclasses.replace(tx.member(member_id), name=NAMES[number - 1], contribution_eur=number * 1_000))
            reference = f"2026-{number:04d}"
            tx.add_agreement(agreement(reference, member_id))
            tx.add_fact(reference, fact(FactKind.DRAFTED, programme_ends_on="2030-12-31"))
            tx.add_fact(reference, fact(FactKind.PREPARED))
            tx.add_fact(reference, fact(FactKind.INVITED, link_id="l", deadline=LATER.isoformat()))
        tx.add_fact("2026-0001", fact(FactKind.MEMBER_SIGNED))
        tx.add_fact("2026-0002", fact(FactKind.MEMBER_SIGNED, at=NOW + timedelta(days=40)))
        tx.add_fact("2026-0001", fact(FactKind.ORDERED, services=SERVICES[:1]))
        tx.add_fact("2026-0002", fact(FactKind.ORDERED, services=SERVICES[1:]))
    return registry


def found(registry: Registry, wanted: Wanted, **page: object) -> list[int]:
    with registry.read() as tx:
        now = page.pop("now", NOW)
        return [int(one.reference[-4:]) for one in tx.find_agreements(wanted, now, **page)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), [1, 2, 3, 4]),
        (Wanted(text="EMERAUDE"), [1, 4]),
        (Wanted(text="emeraude  communaute"), [1]),
        (Wanted(text="ville_1"), [2]),
        (Wanted(text="ville%1"), []),
        (Wanted(text="100 %"), [2]),
        (Wanted(text="\\"), []),
        (Wanted(text="2026-0003"), [3]),
        (Wanted(text=fictitious_siret(2)), [2]),
        (Wanted(text=fictitious_siret(2)[:-1] + "x"), []),
        (Wanted(text=f"emeraude {fictitious_siret(4)}"), [4]),
        (Wanted(campaign_id="c-1", kind=Kind.CONVENTION), [1, 2, 3, 4]),
        (Wanted(kind=Kind.CHARTER), []),
        (Wanted(campaign_id="c-9"), []),
        (Wanted(status=Status.AWAITING_MEMBER), [3, 4]),
        (Wanted(status=Status.AWAITING_COUNTERSIGNATURE), [1, 2]),
        (Wanted(least_eur=2_000, most_eur=3_000), [2, 3]),
        (Wanted(signed_from=date(2026, 1, 12), signed_until=date(2026, 1, 12)), [1]),
        (Wanted(signed_from=date(2026, 1, 13)), [2]),
        (Wanted(service="ged"), [1]),
    ],
)
def test_what_is_wanted_is_found(filled: Registry, wanted: Wanted, expected: list[int]) -> None:
    assert found(filled, wanted) == expected


def test_a_status_is_the_one_of_the_instant(filled: Registry) -> None:
    after = LATER + timedelta(seconds=1)
    assert found(filled, Wanted(status=Status.EXPIRED), now=after) == [3, 4]
    assert found(filled, Wanted(status=Status.EXPIRED), now=LATER) == []


def test_pages_follow_one_another(filled: Registry) -> None:
    assert found(filled, Wanted(), limit=3) == [1, 2, 3]
    assert found(filled, Wanted(), after="2026-0003", limit=3) == [4]


def test_what_changes_is_found_as_it_is_now(filled: Registry) -> None:
    with filled.write() as tx:
        tx.add_fact("2026-0003", fact(FactKind.DECLINED, reason="non"))
        tx.update_member(dataclasses.replace(tx.member("m-0004"), name="Nouveau nom", representative=example_member().representative))

    assert found(filled, Wanted(status=Status.DECLINED)) == [3]
    assert (found(filled, Wanted(text="nouveau")), found(filled, Wanted(text="emeraude"))) == ([4], [1])
    with filled.read() as tx:
        (one,) = tx.find_agreements(Wanted(text="nouveau"), NOW)
        assert one == tx.agreement("2026-0004")
