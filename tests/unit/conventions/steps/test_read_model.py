"""The model of the standard pile is read once for each text of it, and no ceremony does without."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conventions.accounts import Role
from conventions.ceremonies import Authorisation, HowShown, Mark
from conventions.errors import ConfigurationError, NotFound, RuleRefused
from conventions.events import Event
from conventions.kinds import Kind
from conventions.people import MailAddress
from conventions.steps.authorise import authorise
from conventions.steps.countersign import countersign
from conventions.steps.desk import desk
from conventions.steps.read_model import model, read_model
from conventions.steps.report_ceremony import report_ceremony
from conventions.steps.review import review
from conventions.views import DeskModel
from tests.fakes.world import World

MODEL = "convention/2026-1"


def opened(world: World, count: int = 2, **changes: object) -> tuple[str, list[str]]:
    """Have members sign and the signatory open every document; return the session and the references."""
    references = [world.member_signed(rank, **changes) for rank in range(1, count + 1)]
    cookie = world.session(Role.SIGNATORY)
    for reference in references:
        review(world.ports, cookie, reference, Mark.READY, HowShown.OPENED)
    return cookie, references


def digest(world: World) -> str:
    return world.documents.wording_sha256(MODEL)


def try_to_authorise(world: World, cookie: str, references: list[str]) -> Authorisation:
    return authorise(world.ports, cookie, references, world.totp(Role.SIGNATORY))


def said_read(world: World) -> list[Event]:
    with world.registry.read() as tx:
        return [entry.event for entry in tx.events() if entry.event.type == "desk.model_read"]


def test_nothing_of_the_standard_pile_is_authorised_before_its_model_is_read() -> None:
    world = World()
    cookie, references = opened(world)
    with pytest.raises(RuleRefused) as error:
        try_to_authorise(world, cookie, references)
    assert (error.value.code, error.value.details) == ("desk.model_unread", {"model": MODEL})
    read_model(world.ports, cookie, MODEL, digest(world))
    authorisation = try_to_authorise(world, cookie, references)
    assert {item.model_sha256 for item in authorisation.items} == {digest(world)}


def test_what_is_sealed_and_reported_tells_the_model_that_was_read() -> None:
    world = World()
    (other,) = [world.member_signed(9, representative_mail=MailAddress("mairie@membre.invalid", "site"))]
    cookie, references = opened(world, 2)
    review(world.ports, cookie, other, Mark.READY, HowShown.OPENED)
    read_model(world.ports, cookie, MODEL, digest(world))
    authorisation = try_to_authorise(world, cookie, [*references, other])
    assert authorisation.sealed is not None
    told = {item["reference"]: item.get("model_sha256") for item in json.loads(authorisation.sealed.manifest)["items"]}
    expected = {**dict.fromkeys(references, digest(world)), other: None}
    assert told == expected
    countersign(world.ports, authorisation.id)
    report = json.loads(report_ceremony(world.ports, cookie, authorisation.id).split(b"\n")[1])
    assert {item["reference"]: item.get("model_sha256") for item in report["items"]} == expected


def test_what_is_read_one_by_one_asks_for_no_model() -> None:
    world = World()
    cookie, references = opened(world, 1, representative_mail=MailAddress("mairie@membre.invalid", "site"))
    view = desk(world.ports, cookie)
    assert (view.items[0].model, view.models, view.unread_models) == (None, (), ())
    assert try_to_authorise(world, cookie, references).items[0].model_sha256 is None


def test_what_is_set_aside_or_not_covered_asks_for_no_model() -> None:
    world = World()
    cookie, references = opened(world, 1)
    assert [found.wording_id for found in desk(world.ports, cookie).unread_models] == [MODEL]
    review(world.ports, cookie, references[0], Mark.ASIDE, HowShown.OPENED)
    assert desk(world.ports, cookie).models == ()
    review(world.ports, cookie, references[0], Mark.READY, HowShown.OPENED)
    with world.registry.write() as tx:
        tx.add_delegation(world.programme.id, replace(world.delegation, id="d-2", scope=(Kind.CHARTER,)))
        tx.update_account(replace(tx.account("a-signatory"), delegation_id="d-2"))
    assert desk(world.ports, cookie).models == ()


def test_a_model_read_is_kept_across_days_and_devices_and_recorded_once() -> None:
    world = World()
    cookie, _ = opened(world)
    read_at = world.clock.now()
    read_model(world.ports, cookie, MODEL, digest(world))
    again = world.session(Role.SIGNATORY)
    read_model(world.ports, again, MODEL, digest(world))
    view = desk(world.ports, again)
    assert view.models == (DeskModel(MODEL, Kind.CONVENTION, digest(world), read_at),)
    assert view.unread_models == ()
    assert not any(item.is_model_unread for item in view.items)
    (event,) = said_read(world)
    assert (event.at, event.reference) == (read_at, None)
    assert event.data == {"account": "a-signatory", "kind": "convention", "wording": MODEL, "sha256": digest(world)}


def test_another_person_reads_it_anew() -> None:
    world = World()
    cookie, references = opened(world)
    read_model(world.ports, cookie, MODEL, digest(world))
    with world.registry.write() as tx:
        mine = tx.account("a-signatory")
        tx.update_account(replace(mine, login="former"))
        tx.add_account(replace(mine, id="a-next", totp_last_step=0))
    next_one = world.session(Role.SIGNATORY)
    for reference in references:
        review(world.ports, next_one, reference, Mark.READY, HowShown.OPENED)
    with pytest.raises(RuleRefused) as error:
        try_to_authorise(world, next_one, references)
    assert error.value.code == "desk.model_unread"


def test_a_model_that_changed_is_read_again() -> None:
    world = World()
    cookie, references = opened(world)
    before = digest(world)
    read_model(world.ports, cookie, MODEL, before)
    world.documents.wordings[MODEL] = "changed"
    with pytest.raises(RuleRefused) as error:
        read_model(world.ports, cookie, MODEL, before)
    assert error.value.code == "model.changed"
    assert model(world.ports, cookie, MODEL).model == DeskModel(MODEL, Kind.CONVENTION, digest(world), None)
    newer = world.member_signed(7)  # prepared from the text as changed: it alone conforms to it
    for reference in (*references, newer):
        review(world.ports, cookie, reference, Mark.READY, HowShown.OPENED)
    with pytest.raises(RuleRefused) as error:
        try_to_authorise(world, cookie, [newer])
    assert error.value.code == "desk.model_unread"
    read_model(world.ports, cookie, MODEL, digest(world))
    told = {item.reference: item.model_sha256 for item in try_to_authorise(world, cookie, [*references, newer]).items}
    assert told == {**dict.fromkeys(references), newer: digest(world)}


def test_the_text_is_given_part_by_part_and_looking_at_it_records_nothing() -> None:
    world = World()
    opened(world)
    for role in (Role.ASSISTANT, Role.SIGNATORY):
        cookie = world.session(role)
        before = world.registry.state.copy()
        found = model(world.ports, cookie, MODEL)
        assert [part.title for part in found.parts] == ["Préambule", "Articles", "Annexes"]
        assert found.model == DeskModel(MODEL, Kind.CONVENTION, digest(world), None)
        assert found.demonstration is world.ports.rules.demonstration
        assert world.registry.state == before


def test_who_does_not_sign_does_not_say_it_was_read() -> None:
    world = World()
    for role in (Role.ASSISTANT, Role.AGENT):
        with pytest.raises(RuleRefused) as error:
            read_model(world.ports, world.session(role), MODEL, digest(world))
        assert error.value.code == "role.refused"
    with pytest.raises(RuleRefused):
        model(world.ports, world.session(Role.AGENT), MODEL)
    assert said_read(world) == []


def test_a_model_that_is_no_programme_s_or_cannot_be_had_is_not_there() -> None:
    world = World()
    cookie = world.session(Role.SIGNATORY)
    for ask in (lambda: model(world.ports, cookie, "convention/none"), lambda: read_model(world.ports, cookie, "convention/none", "")):
        with pytest.raises(NotFound) as error:
            ask()
        assert error.value.code == "model.not_found"
    known = digest(world)
    world.documents.failure = ConfigurationError("no such wording", code="wording.unknown")
    with pytest.raises(NotFound):
        model(world.ports, cookie, MODEL)
    with pytest.raises(RuleRefused) as refused:
        read_model(world.ports, cookie, MODEL, known)
    assert refused.value.code == "model.changed"


def test_a_document_of_before_wordings_were_recorded_conforms_to_no_model_that_cannot_be_had() -> None:
    world = World()
    reference = world.member_signed(1)
    agreement = world.agreement(reference)
    bare = tuple(
        replace(fact, data={name: said for name, said in fact.data.items() if name != "wording_sha256"}) for fact in agreement.facts
    )
    world.registry.state.agreements[reference] = replace(agreement, facts=bare)
    world.documents.failure = ConfigurationError("no such wording", code="wording.unknown")
    (item,) = desk(world.ports, world.session(Role.SIGNATORY)).items
    assert (item.reasons, item.model) == (("pile.wording_changed",), None)
