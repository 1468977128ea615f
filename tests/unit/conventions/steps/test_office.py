"""What the office shows, and what resume reports."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conventions.accounts import Role
from conventions.agreements import Stage
from conventions.errors import NotFound, UpstreamUnavailable
from conventions.outgoing import Template
from conventions.search import Wanted
from conventions.status import Status
from conventions.steps import draft, office, resume
from tests.fakes.world import CAMPAIGN, World

DOWN = UpstreamUnavailable("down")


def test_the_office_sees_whose_turn_it_is() -> None:
    world = World()
    first, second = world.invited(1), world.invited(2)
    world.sign(first)
    cookie = world.session(Role.AGENT)
    view = office.overview(world.ports, cookie)
    assert dict(view.counts) == {Status.AWAITING_MEMBER: 1, Status.AWAITING_COUNTERSIGNATURE: 1}
    every = office.agreement_lines(world.ports, cookie, Wanted())
    assert [line.reference for line in every] == [first, second]
    waiting = office.agreement_lines(world.ports, cookie, Wanted(status=Status.AWAITING_MEMBER))
    assert [line.reference for line in waiting] == [second]
    assert office.agreement_lines(world.ports, cookie, Wanted(), after=first, limit=1)[0].reference == second
    assert office.agreement_view(world.ports, cookie, first).status is Status.AWAITING_COUNTERSIGNATURE


def test_files_are_read_by_digest_and_the_reading_is_journalled() -> None:
    world = World()
    reference = world.invited()
    cookie = world.session(Role.AUDITOR)
    sha256 = world.agreement(reference).required_artefact(Stage.PREPARED).sha256
    name, data = office.file_bytes(world.ports, cookie, reference, sha256)
    assert (name, data) == (f"convention-{reference}-prepared.pdf", world.working.objects[sha256])
    with world.registry.read() as tx:
        assert tx.events(reference)[-1].event.type == "file.read"
    with pytest.raises(NotFound):
        office.file_bytes(world.ports, cookie, reference, "0" * 64)


def test_late_and_dead_are_counted() -> None:
    world = World()
    world.mailer.failure = DOWN
    world.invited()
    world.clock.advance(timedelta(minutes=5))
    report = resume.resume(world.ports)
    assert (report.late_outgoing, report.dead_letters) == (1, 0)


def test_busy_is_not_a_failure() -> None:
    world = World()
    member = world.add_member()
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    now = world.clock.now()
    with world.registry.write() as tx:
        tx.claim(f"agreement:{reference}", "autre", now, now + timedelta(minutes=1))
    assert resume.resume(world.ports).waiting == ((reference, "prepare", "upstream.busy"),)
    assert world.agreement(reference).failure is None


def test_resume_asks_for_what_is_missing_and_then_waits_for_the_member() -> None:
    world = World()
    member = world.add_member(power=None)
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    assert resume.resume(world.ports).done == ((reference, "prepare"),)
    assert world.status(reference) is Status.AWAITING_DATA
    assert resume.resume(world.ports).done == ()
    world.deliver()
    assert [notice.template for notice in world.mailer.sent] == [Template.DATA_REQUEST]
