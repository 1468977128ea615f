"""What an agreement leaves behind it, under lock: mails without their secrets, orders with their receipts, the last record."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind
from conventions.errors import NotFound
from conventions.outgoing import Template
from conventions.proved import is_trail_due
from conventions.status import Status
from conventions.steps import activate, keep_trail, resume, return_to_member
from conventions.steps.keep_trail import render_orders
from tests.fakes.meanwhile import Meanwhile
from tests.fakes.world import World


def activated(world: World, rank: int = 14) -> str:
    """Take one member to the end, mails and orders delivered."""
    reference = world.archived(rank)
    activate.activate(world.ports, reference)
    world.deliver()
    assert world.status(reference) is Status.ACTIVE
    return reference


def kept(world: World, kind: str) -> list[bytes]:
    """Read the archived objects of a kind, in the order of their numbers."""
    return [data for key, data in sorted(world.archive.objects.items()) if f"-{kind}-" in key]


def test_mails_are_kept_without_their_link_and_their_code() -> None:
    world = World()
    reference = activated(world)
    keep_trail.keep_trail(world.ports, reference)
    link = world.token(reference)
    everything = b"\n".join(world.archive.objects.values())
    assert link.encode() not in everything
    assert world.code().encode() not in everything
    assert b"https://lien-retire.invalid/" in kept(world, "mail-invitation")[0]
    assert "[code retiré]".encode() in kept(world, "mail-code")[0]
    sent = {f"mail-{notice.template.replace('_', '-')}" for notice in world.mailer.sent if notice.template is not Template.ORDER}
    assert {"mail-invitation", "mail-code", "mail-member-receipt", "mail-cosigned-copy"} <= sent
    assert all(kept(world, kind) for kind in sent)


def test_the_journal_holds_the_digest_of_each_kept_mail_and_of_what_was_attached() -> None:
    world = World()
    reference = activated(world)
    with world.registry.read() as tx:
        mails = [entry.event.data for entry in tx.events(reference) if entry.event.type == "mail.sent"]
    assert all(str(data["sha256"]) in world.working.objects for data in mails)
    attached = {str(data["template"]): data.get("attached_sha256") for data in mails}
    sealed = world.agreement(reference).required_fact(FactKind.COUNTERSIGNED).data["sha256"]
    assert attached["cosigned_copy"] == sealed
    assert attached["code"] is None


def test_orders_are_kept_with_what_each_service_answered() -> None:
    world = World()
    reference = activated(world)
    keep_trail.keep_trail(world.ports, reference)
    (data,) = kept(world, "orders")
    orders = json.loads(data)["orders"]
    assert len(orders) == 12
    assert {item["settled"]["outcome"] for item in orders} == {"acknowledged", "waiting_condition"}
    assert all(item["settled"]["receipt"]["service"] == item["order"]["code"] for item in orders)


def test_the_last_record_holds_every_fact_and_the_last_index_every_object() -> None:
    world = World()
    reference = activated(world)
    keep_trail.keep_trail(world.ports, reference)
    agreement = world.agreement(reference)
    record = json.loads(kept(world, "record")[-1])
    assert [fact["kind"] for fact in record["facts"]] == [fact.kind for fact in agreement.facts if fact.kind is not FactKind.TRAIL_KEPT]
    index = json.loads(kept(world, "index")[-1])
    assert {item["key"] for item in index["objects"]} == {key for key in world.archive.keys("agreements/") if "-index-" not in key}


def test_it_is_closed_once_by_resume_and_adds_nothing_after() -> None:
    world = World()
    reference = activated(world)
    assert resume.resume(world.ports).done == ((reference, "keep_trail"),)
    before = dict(world.archive.objects)
    keep_trail.keep_trail(world.ports, reference)
    assert world.archive.objects == before
    assert resume.resume(world.ports).done == ()
    assert world.agreement(reference).required_fact(FactKind.TRAIL_KEPT).text("sha256") in "".join(before)


def test_before_the_end_what_happened_is_kept_and_nothing_is_closed() -> None:
    world = World()
    reference = world.member_signed()
    keep_trail.keep_trail(world.ports, reference)
    assert kept(world, "mail-invitation")
    assert not kept(world, "orders")
    assert world.agreement(reference).fact(FactKind.TRAIL_KEPT) is None
    assert not is_trail_due(world.agreement(reference), world.status(reference))


def test_before_the_member_signed_there_is_no_folder() -> None:
    world = World()
    keep_trail.keep_trail(world.ports, world.invited())
    assert not world.archive.objects
    with pytest.raises(NotFound):
        keep_trail.keep_trail(world.ports, "2026-9999")


def test_two_close_it_at_once_and_the_fact_is_recorded_once() -> None:
    world = World()
    reference = activated(world)
    racing: Any = Meanwhile(world.archive, "write", lambda: keep_trail.keep_trail(world.ports, reference))
    keep_trail.keep_trail(replace(world.ports, archive=racing), reference)
    assert len([fact for fact in world.agreement(reference).facts if fact.kind is FactKind.TRAIL_KEPT]) == 1


def test_a_mail_sent_before_mails_were_kept_is_left_out() -> None:
    world = World()
    reference = world.member_signed()
    for event_id, recorded in list(world.registry.state.events.items()):
        if recorded.event.type == "mail.sent":
            data = {name: value for name, value in recorded.event.data.items() if name != "sha256"}
            world.registry.state.events[event_id] = replace(recorded, event=replace(recorded.event, data=data))
    keep_trail.keep_trail(world.ports, reference)
    assert not kept(world, "mail-invitation")


def test_orders_of_an_earlier_version_are_not_those_of_this_one() -> None:
    world = World()
    reference = world.member_signed()
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, "Un nom à corriger.")
    assert render_orders(world.agreement(reference)) is None


def test_one_pass_closes_so_many_trails_and_the_next_goes_on() -> None:
    world = World()
    references = [activated(world, rank) for rank in (14, 15)]
    assert resume.resume(world.ports, trails_at_most=1).done == ((references[0], "keep_trail"),)
    assert resume.resume(world.ports, trails_at_most=1).done == ((references[1], "keep_trail"),)
