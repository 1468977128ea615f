"""Contract of the registry: members, programmes, campaigns, agreements, facts and artefacts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from conventions.agreements import Agreement, Artefact, FactKind, Failure, Stage
from conventions.canonical import sha256_hex
from conventions.errors import AlreadyRecorded, NotFound
from conventions.ports.registry import Registry, Transaction
from conventions.siret import fictitious_siret
from tests.builders import example_delegation, example_member, example_programme
from tests.contract.storage.records import CAMPAIGN, LATER, NOW, agreement, fact, seed, seed_agreement


def test_records_are_read_back_as_they_were_written(registry: Registry) -> None:
    with registry.write() as tx:
        tx.add_programme(example_programme())
        tx.add_delegation("2026-2030", example_delegation())
        tx.add_campaign(CAMPAIGN)
        tx.add_member(example_member())

    with registry.read() as tx:
        assert tx.programme("2026-2030") == example_programme()
        assert tx.delegation("d-1") == example_delegation()
        assert tx.campaign("c-1") == CAMPAIGN
        assert tx.member("m-0014") == example_member()
        assert (tx.programmes(), tx.delegations("2026-2030")) == ([example_programme()], [example_delegation()])
        assert (tx.campaigns(), tx.members()) == ([CAMPAIGN], [example_member()])
        assert tx.delegations("2031-2035") == []


@pytest.mark.parametrize(
    "get",
    [
        lambda tx: tx.member("none"),
        lambda tx: tx.programme("none"),
        lambda tx: tx.delegation("none"),
        lambda tx: tx.campaign("none"),
        lambda tx: tx.agreement("none"),
        lambda tx: tx.outgoing("none"),
        lambda tx: tx.link("none"),
        lambda tx: tx.visit_by_cookie("none"),
        lambda tx: tx.code_request("none"),
        lambda tx: tx.account("none"),
        lambda tx: tx.account_by_login("none"),
        lambda tx: tx.session("none"),
        lambda tx: tx.authorisation("none"),
    ],
)
def test_what_does_not_stand_is_not_found(registry: Registry, get: Callable[[Transaction], object]) -> None:
    with registry.read() as tx, pytest.raises(NotFound):
        get(tx)


def test_a_members_id_and_siret_are_unique_and_the_transaction_goes_on(registry: Registry) -> None:
    with registry.write() as tx:
        tx.add_member(example_member())
        with pytest.raises(AlreadyRecorded):
            tx.add_member(example_member())
        with pytest.raises(AlreadyRecorded):
            tx.add_member(example_member(id="m-other"))
        tx.add_member(example_member(id="m-other", siret=fictitious_siret(77)))

    with registry.read() as tx:
        assert [member.id for member in tx.members()] == ["m-0014", "m-other"]


def test_a_members_record_is_replaced(registry: Registry) -> None:
    with registry.write() as tx:
        tx.add_member(example_member())
        tx.update_member(example_member(name="Autre nom", siret=fictitious_siret(78)))
        with pytest.raises(NotFound):
            tx.update_member(example_member(id="none"))

    with registry.read() as tx:
        assert tx.member("m-0014").name == "Autre nom"


def test_a_member_cannot_take_anothers_siret(registry: Registry) -> None:
    with registry.write() as tx:
        seed(tx, members=2)

    with pytest.raises(AlreadyRecorded), registry.write() as tx:
        tx.update_member(example_member(id="m-0002", siret=fictitious_siret(1)))


def test_references_follow_one_another_year_by_year(registry: Registry) -> None:
    with registry.write() as tx:
        assert [tx.next_reference(2026), tx.next_reference(2026), tx.next_reference(2027)] == ["2026-0001", "2026-0002", "2027-0001"]
    with registry.write() as tx:
        assert tx.next_reference(2026) == "2026-0003"


def test_an_agreement_stands_with_facts_in_the_order_of_their_commit(registry: Registry) -> None:
    facts = (
        fact(programme_ends_on="2030-12-31"),
        fact(FactKind.PREPARED, at=NOW - timedelta(days=1), sha256="ab", pages=[1, 2], nested={"é": None} | {"ok": True}),
    )
    prepared = Artefact(1, Stage.PREPARED, sha256_hex(b"prepared"), 8, NOW)
    with registry.write() as tx:
        seed(tx)
        tx.add_agreement(dataclasses.replace(agreement(), facts=facts[:1], artefacts=(prepared,)))
        tx.add_fact("2026-0001", fact(FactKind.DATA_REQUESTED, fields=["seat"]))
        tx.add_fact("2026-0001", fact(FactKind.DATA_COMPLETED, fields=["seat"]))

    with registry.read() as tx:
        found = tx.agreement("2026-0001")
        assert [f.kind for f in found.facts] == [FactKind.DRAFTED, FactKind.DATA_REQUESTED, FactKind.DATA_COMPLETED]
        assert found.facts[0] == facts[0]
        assert found.artefacts == (prepared,)
        assert tx.agreement_of_member("c-1", "m-0001") == found
        assert tx.agreement_of_member("c-1", "m-none") is None


def test_a_facts_data_are_json_when_they_come_back(registry: Registry) -> None:
    with registry.write() as tx:
        reference = seed_agreement(tx)
        tx.add_fact(reference, fact(FactKind.ORDERED, services=({"code": "ged"}, {"code": "sae"}), empty=None, number=2**53 - 1))

    with registry.read() as tx:
        assert tx.agreement(reference).facts[0].data == {"services": [{"code": "ged"}, {"code": "sae"}], "empty": None, "number": 2**53 - 1}


def test_instants_are_kept_to_the_microsecond_in_any_zone(registry: Registry) -> None:
    at = datetime(2026, 3, 29, 3, 0, 0, 1, tzinfo=timezone(timedelta(hours=2)))
    with registry.write() as tx:
        reference = seed_agreement(tx)
        tx.add_fact(reference, fact(at=at))

    with registry.read() as tx:
        kept = tx.agreement(reference).facts[0].at
        assert kept == at
        assert kept.utcoffset() == timedelta(0)


def test_an_instant_without_zone_is_refused(registry: Registry) -> None:
    with pytest.raises(ValueError, match="zone"), registry.write() as tx:
        tx.add_fact(seed_agreement(tx), fact(at=NOW.replace(tzinfo=None)))


def test_a_fact_is_unique_by_version_and_key(registry: Registry) -> None:
    with registry.write() as tx:
        reference = seed_agreement(tx)
        tx.add_fact(reference, fact(FactKind.INVITED, link_id="l-1"))
        tx.add_fact(reference, fact(FactKind.INVITED, link_id="l-2"))
        tx.add_fact(reference, fact(FactKind.INVITED, version=2, link_id="l-1"))
        with pytest.raises(AlreadyRecorded):
            tx.add_fact(reference, fact(FactKind.INVITED, link_id="l-1", at=LATER))
        tx.add_fact(reference, fact(FactKind.DECLINED, reason="budget"))

    with registry.read() as tx:
        assert len(tx.agreement(reference).facts) == 4


def test_each_stage_has_one_artefact_a_version(registry: Registry) -> None:
    first = Artefact(1, Stage.SEALED, sha256_hex(b"first"), 5, NOW)
    with registry.write() as tx:
        reference = seed_agreement(tx)
        tx.add_artefact(reference, first)
        with pytest.raises(AlreadyRecorded):
            tx.add_artefact(reference, dataclasses.replace(first, sha256=sha256_hex(b"second")))
        tx.add_artefact(reference, dataclasses.replace(first, version=2))

    with registry.read() as tx:
        assert [a.sha256 for a in tx.agreement(reference).artefacts] == [first.sha256] * 2


@pytest.mark.parametrize(
    "add",
    [
        lambda tx: tx.add_fact("2026-9999", fact()),
        lambda tx: tx.add_artefact("2026-9999", Artefact(1, Stage.PREPARED, sha256_hex(b""), 0, NOW)),
        lambda tx: tx.set_failure("2026-9999", None),
        lambda tx: tx.add_agreement(agreement(member_id="none")),
    ],
)
def test_nothing_is_recorded_of_what_does_not_stand(registry: Registry, add: Callable[[Transaction], object]) -> None:
    with registry.write() as tx:
        seed(tx)

    with pytest.raises(NotFound), registry.write() as tx:
        add(tx)


def test_a_member_has_one_agreement_a_campaign(registry: Registry) -> None:
    with registry.write() as tx:
        seed(tx, members=2)
        tx.add_agreement(agreement())
        for taken in (agreement(), agreement("2026-0002"), agreement(member_id="m-0002")):
            with pytest.raises(AlreadyRecorded):
                tx.add_agreement(taken)
        tx.add_agreement(agreement("2026-0002", "m-0002"))


def test_the_failure_flag_is_raised_and_cleared(registry: Registry) -> None:
    failure = Failure("countersign", "upstream.unavailable", NOW, 3)
    with registry.write() as tx:
        reference = seed_agreement(tx)
        tx.set_failure(reference, failure)
    with registry.write() as tx:
        assert tx.agreement(reference, lock=True).failure == failure
        tx.set_failure(reference, None)
    with registry.read() as tx:
        assert tx.agreement(reference).failure is None


def test_agreements_are_listed_by_pages(registry: Registry) -> None:
    with registry.write() as tx:
        for number, member_id in reversed(list(enumerate(seed(tx, members=7), 1))):
            ends = fact(programme_ends_on=f"2030-12-{number:02d}")
            tx.add_agreement(dataclasses.replace(agreement(f"2026-{number:04d}", member_id), facts=(ends,)))
        tx.add_campaign(dataclasses.replace(CAMPAIGN, id="c-2"))
        tx.add_agreement(dataclasses.replace(agreement("2026-0003bis", "m-0003"), campaign_id="c-2"))

    read: list[Agreement] = []
    with registry.read() as tx:
        while page := tx.agreements(campaign_id="c-1", after=read[-1].reference if read else "", limit=3):
            assert len(page) <= 3
            read.extend(page)
        assert [a.reference for a in read] == [f"2026-{number:04d}" for number in range(1, 8)]
        assert [a.facts[0].data for a in read] == [{"programme_ends_on": f"2030-12-{number:02d}"} for number in range(1, 8)]
        assert [a.reference for a in tx.agreements(after="2026-0003", limit=2)] == ["2026-0003bis", "2026-0004"]
        assert len(tx.agreements()) == 8


def test_agreements_named_are_read_with_what_is_theirs(registry: Registry) -> None:
    with registry.write() as tx:
        for number, member_id in enumerate(seed(tx, members=4), 1):
            ends = fact(programme_ends_on=f"2030-12-{number:02d}")
            tx.add_agreement(dataclasses.replace(agreement(f"2026-{number:04d}", member_id), facts=(ends,)))
    with registry.read() as tx:
        named = tx.agreements_named(["2026-0004", "2026-0002", "2026-0002"])
        assert named == [tx.agreement("2026-0002"), tx.agreement("2026-0004")]
        assert tx.agreements_named([]) == []
        assert tx.agreements_of_members([named[1].member_id, named[0].member_id, "none"]) == named
        assert tx.agreements_of_members([named[1].member_id, named[0].member_id], but=["2026-0002", "none"]) == named[1:]
        assert tx.agreements_of_members([]) == []
        with pytest.raises(NotFound):
            tx.agreements_named(["2026-0001", "2026-0009"])
