"""Proofs of the journal as programs get them from the office, checked by the path alone."""

from __future__ import annotations

import hashlib
import json

import pytest

from conventions.accounts import Role
from conventions.errors import RuleRefused
from conventions.journal.merkle import verify_consistency, verify_inclusion
from conventions.steps.prove_events import office_consistency, office_proof
from conventions.steps.stamp_journal import stamp_journal
from portal.settings import Site
from tests.fakes.world import World
from tests.portal.sites import Visitor, enter, portal_of


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.OFFICE)


def test_every_event_of_an_agreement_is_proved_and_the_access_is_journalled(world: World, visitor: Visitor) -> None:
    reference = world.invited()
    enter(visitor, world, Role.AUDITOR)
    visitor.open(f"/api/journal/agreements/{reference}")
    assert json.loads(visitor.page.text)["code"] == "journal.no_head"
    stamp_journal(world.ports)
    told = json.loads(visitor.open(f"/api/journal/agreements/{reference}").text)
    for event in told["events"]:
        leaf = hashlib.sha256(b"\0" + event["canonical"].encode()).digest()
        path = [bytes.fromhex(node) for node in event["path"]]
        verify_inclusion(leaf, event["index"], told["head"]["size"], path, bytes.fromhex(told["head"]["root_sha256"]))
    assert len(told["tokens"]) == 2
    with world.registry.read() as tx:
        assert [entry.event.type for entry in tx.events(reference)][-1] == "journal.proved"


def test_growth_is_proved_between_two_states(world: World, visitor: Visitor) -> None:
    world.invited()
    enter(visitor, world, Role.AUDITOR)
    assert json.loads(visitor.open("/api/journal/consistency?first=1").text)["code"] == "journal.no_head"
    (first,) = stamp_journal(world.ports)
    world.invited(rank=2)
    stamp_journal(world.ports)
    told = json.loads(visitor.open(f"/api/journal/consistency?first={first.size}").text)
    assert told["first_root"] == first.root_sha256
    path = [bytes.fromhex(node) for node in told["path"]]
    verify_consistency(first.size, bytes.fromhex(first.root_sha256), told["second_size"], bytes.fromhex(told["second_root"]), path)
    for asked in (f"first={told['second_size'] + 1}", f"first=5&second={told['second_size'] + 1000}", "first=3&second=2"):
        answer = visitor.open(f"/api/journal/consistency?{asked}")
        assert (answer.status_code, json.loads(answer.text)["code"]) == (404, "journal.sizes")


def test_proofs_are_for_people_of_the_office(world: World, visitor: Visitor) -> None:
    reference = world.invited()
    for address in (f"/api/journal/agreements/{reference}", "/api/journal/consistency?first=1"):
        assert visitor.open(address).status_code == 401
    enter(visitor, world, Role.AGENT)
    stamp_journal(world.ports)
    later = world.invited(rank=2)
    assert json.loads(visitor.open("/api/journal/agreements/2026-9999").text)["code"] == "not_found"
    assert json.loads(visitor.open(f"/api/journal/agreements/{later}").text)["code"] == "journal.no_event"


@pytest.mark.parametrize("role", [Role.SIGNATORY, Role.ASSISTANT])
def test_people_of_the_desk_have_none(world: World, visitor: Visitor, role: Role) -> None:
    reference = world.invited()
    stamp_journal(world.ports)
    enter(visitor, world, role)
    assert visitor.open(f"/api/journal/agreements/{reference}").status_code in {401, 403}
    with world.registry.read() as tx:
        assert "journal.proved" not in {entry.event.type for entry in tx.events(reference)}


def test_each_step_asks_who_it_is_by_itself_and_the_site_before_it_reads_the_question(world: World, visitor: Visitor) -> None:
    reference = world.invited()
    stamp_journal(world.ports)
    cookie = world.session(Role.SIGNATORY)
    with pytest.raises(RuleRefused):
        office_proof(world.ports, cookie, reference)
    with pytest.raises(RuleRefused):
        office_consistency(world.ports, cookie, 1, None)
    assert visitor.open("/api/journal/consistency?first=none").status_code == 401
