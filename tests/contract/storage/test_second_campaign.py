"""Two campaigns of one kind: every registry tells where agreements stand, and lets one of two drafts at once through."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from datetime import timedelta

from conventions.agreements import FactKind
from conventions.asked import OrderAsked
from conventions.errors import Busy, RuleRefused
from conventions.kinds import Kind
from conventions.particulars import OrderLine
from conventions.ports.registry import AgreementStatus, Registry
from conventions.status import FINAL, Status, status_of
from conventions.steps.draft import draft, members_left_out, members_to_draft
from conventions.steps.propose import propose
from storage.registry import SqlRegistry
from tests.contract.storage.records import CAMPAIGN, LATER, NOW, agreement, fact, seed, seed_agreement
from tests.contract.storage.together import at_once
from tests.fakes.world import World

PROGRAMME = CAMPAIGN.programme_id


def test_where_all_of_a_kind_stand(registry: Registry) -> None:
    with registry.write() as tx:
        first, second = seed(tx, members=2)
        tx.add_programme(dataclasses.replace(tx.programme(PROGRAMME), id="other"))
        tx.add_agreement(agreement("2026-0002", second))
        tx.add_agreement(agreement("2026-0001", first))
        tx.add_campaign(dataclasses.replace(CAMPAIGN, id="c-2"))
        tx.add_agreement(dataclasses.replace(agreement("2026-0003", first), campaign_id="c-2", kind=Kind.CHARTER))
        tx.add_agreement(dataclasses.replace(agreement("2026-0004", second), campaign_id="c-2", programme_id="other"))
        for kind in (FactKind.DRAFTED, FactKind.PREPARED, FactKind.INVITED):
            tx.add_fact("2026-0001", fact(kind))

    expected = [
        AgreementStatus("2026-0001", first, "c-1", Status.AWAITING_MEMBER),
        AgreementStatus("2026-0002", second, "c-1", Status.DRAFTED),
    ]
    with registry.read() as tx:
        assert tx.statuses_of_kind(PROGRAMME, Kind.CONVENTION, LATER) == expected
        at_last = tx.statuses_of_kind(PROGRAMME, Kind.CONVENTION, LATER + timedelta(days=40))
        assert [one.status for one in at_last] == [Status.EXPIRED, Status.DRAFTED]
        assert [one.reference for one in tx.statuses_of_kind(PROGRAMME, Kind.CHARTER, LATER)] == ["2026-0003"]
        assert tx.statuses_of_kind("none", Kind.CONVENTION, LATER) == []


def test_campaigns_that_draft_at_once_ask_each_member_once(sql_registry: SqlRegistry) -> None:
    members, campaigns = 6, ["c-1", "c-2", "c-3"]
    with sql_registry.write() as tx:
        ids = seed(tx, members=members)
        for campaign_id in campaigns[1:]:
            tx.add_campaign(dataclasses.replace(CAMPAIGN, id=campaign_id))
    world = World()
    world.clock.current = NOW + timedelta(minutes=1)
    ports = dataclasses.replace(world.ports, registry=sql_registry)

    def work(number: int) -> list[str]:
        drafted = []
        for member_id in ids:
            with suppress(RuleRefused, Busy):
                drafted.append(draft(ports, campaigns[number], member_id))
        return drafted

    drafted = [reference for given in at_once(len(campaigns), work) for reference in given]
    with sql_registry.read() as tx:
        standing = [one for one in tx.agreements() if status_of(one, ports.clock.now()) not in FINAL]
    assert sorted(one.member_id for one in standing) == ids
    assert sorted(drafted) == [one.reference for one in standing]
    for campaign_id in campaigns:
        assert members_to_draft(ports, campaign_id) == []
    assert sum(len(members_left_out(ports, campaign_id)) for campaign_id in campaigns) == members * (len(campaigns) - 1)


def test_the_same_thing_proposed_at_once_is_one_agreement(sql_registry: SqlRegistry) -> None:
    with sql_registry.write() as tx:
        parent = seed_agreement(tx)
        tx.skip_references(NOW.year, 1)
        for done in (fact(), fact(FactKind.ARCHIVED), fact(FactKind.ORDERED, services=[])):
            tx.add_fact(parent, done)
    world = World()
    world.clock.current = LATER
    ports = dataclasses.replace(world.ports, registry=sql_registry)
    asked = OrderAsked(parent, (OrderLine("espace", "Espace", "Go", 50, 120),), "TVA non applicable.")

    made = at_once(4, lambda _: propose(ports, asked, CAMPAIGN.deadline, "a-agent"))

    with sql_registry.read() as tx:
        assert {*made} == {one.reference for one in tx.agreements()} - {parent}
    assert len({*made}) == 1
