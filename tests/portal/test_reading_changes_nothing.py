"""GET changes nothing and sends nothing on the signers' site, at whatever stage; the one exception is stated (ADR 0034)."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute

from conventions.steps import decline, draft, request_data
from portal.application import ROUTERS
from portal.notices import router as notices
from portal.settings import Site
from tests.fakes.world import CAMPAIGN, World
from tests.portal.sites import Visitor, portal_of

JOURNALLED = {"/convention/document.pdf": "document.downloaded"}
"""What a GET records: who took the file, one event a time, for a visit that a person began, and for nobody else."""

GETS = sorted(
    route.path
    for router in (*ROUTERS[Site.SIGNERS], notices)
    for route in router.routes
    if isinstance(route, APIRoute) and "GET" in (route.methods or ())
)


STAGES = ("invited", "signed", "declined", "asked for data")


@pytest.fixture
def world() -> World:
    return World()


def asked_for_data(world: World) -> str:
    member = world.add_member(referent=None)
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    request_data.request_data(world.ports, reference)
    world.deliver()
    return reference


def visiting(world: World, stage: str) -> tuple[str, Visitor]:
    """Begin a visit as a person does, then take the agreement to a stage; everything that was to be sent was."""
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    reference = asked_for_data(world) if stage == "asked for data" else world.invited()
    visitor.open(f"/s/{world.token(reference)}")
    visitor.send(reponse="oui")
    if stage == "signed":
        world.sign(reference)
    elif stage == "declined":
        decline.decline(world.ports, world.visit(reference), "Budget")
    world.deliver()
    return reference, visitor


def address(world: World, path: str, reference: str) -> str:
    return path.replace("{token}", world.token(reference)).replace("{number}", "1")


@pytest.mark.parametrize("stage", STAGES)
def test_get_changes_nothing_but_what_is_stated(world: World, stage: str) -> None:
    reference, visitor = visiting(world, stage)
    assert len(GETS) > 15
    for path in GETS:
        before, sent = world.registry.state.copy(), len(world.mailer.sent)
        answer = visitor.open(address(world, path, reference), follow=False)
        world.deliver()
        assert answer.status_code < 500, path
        assert len(world.mailer.sent) == sent, path
        after = world.registry.state.copy()
        if path in JOURNALLED and answer.status_code == 200:
            (new,) = [after.events.pop(name) for name in list(after.events) if name not in before.events]
            assert (new.event.type, new.event.reference) == (JOURNALLED[path], reference)
        assert after == before, path


def test_the_file_is_given_and_journalled_at_each_time_where_a_person_may_have_it(world: World) -> None:
    reference, visitor = visiting(world, "signed")
    for times in (1, 2):
        assert visitor.open("/convention/document.pdf").status_code == 200
        with world.registry.read() as tx:
            assert [entry.event.type for entry in tx.events(reference)].count("document.downloaded") == times


@pytest.mark.parametrize("path", JOURNALLED)
def test_who_has_only_the_address_gets_and_records_nothing(world: World, path: str) -> None:
    reference = world.invited()
    before = world.registry.state.copy()
    previewer = Visitor(portal_of(world), Site.SIGNERS)
    for address_ in (f"/s/{world.token(reference)}", path):
        previewer.open(address_)
    assert previewer.page.status_code == 403
    assert world.registry.state.copy() == before
