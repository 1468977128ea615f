"""What people tell the agents: kept, told at once, handled, forgotten on time; and the agents' notes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from conventions.accounts import Role
from conventions.attentions import Attention, AttentionKind
from conventions.errors import InputRefused, NotFound, RuleRefused
from conventions.outgoing import Template
from conventions.ports.delivery import Notice
from conventions.steps import handle, note, office, open_link, purge_personal, question, reissue_link, send_code, sign
from conventions.steps.prove_events import prove_events
from conventions.steps.stamp_journal import stamp_journal
from tests.fakes.world import BROWSER, World

AGENT = f"a-{Role.AGENT}"


def told(world: World, reference: str) -> list[Attention]:
    with world.registry.read() as tx:
        return list(tx.attentions_of(reference))


def mails(world: World) -> list[Notice]:
    world.deliver()
    return [notice for notice in world.mailer.sent if notice.template is Template.ATTENTION]


def test_a_question_outlives_the_facts_that_follow_until_an_agent_handles_it() -> None:
    world = World()
    reference = world.invited()
    question.ask(world.ports, world.visit(reference), " Le montant est-il annuel ? ")
    world.sign(reference)
    (asked,) = told(world, reference)
    assert (asked.kind, asked.text, asked.by) == (AttentionKind.QUESTION, "Le montant est-il annuel ?", "representant14@membre.invalid")
    assert asked.is_waiting
    view = office.overview(world.ports, world.session(Role.AGENT))
    assert (view.to_handle, view.waiting) == (1, ((AttentionKind.QUESTION, 1),))

    handle.handle(world.ports, reference, asked.id, AGENT, " Oui, par an. ")
    handle.handle(world.ports, reference, asked.id, AGENT, "une autre fois")

    (settled,) = told(world, reference)
    assert (settled.settled_by, settled.remark, settled.is_waiting) == ("Agent", "Oui, par an.", False)
    view = office.overview(world.ports, world.session(Role.AGENT))
    assert (view.to_handle, view.waiting) == (0, ())
    with world.registry.read() as tx:
        events = [entry.event for entry in tx.events(reference) if entry.event.type == "attention.handled"]
    assert [(e.data, e.personal) for e in events] == [
        ({"attention_id": asked.id, "kind": "question"}, {"by": AGENT, "text": "Oui, par an."})
    ]


def test_agents_are_told_at_once_where_to_look_and_nothing_more() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    for _ in range(2):
        question.ask(world.ports, cookie, "Mon mot de passe est secret.")
    open_link.refuse_identity(world.ports, world.token(reference), BROWSER)
    open_link.refuse_identity(world.ports, world.token(reference), BROWSER)
    asked, refused = mails(world)
    assert asked.to == "agents@ker-niverel.invalid"
    assert asked.values["reference"] == reference
    assert asked.values["office"] == "http://gestion.invalid"
    assert "Ce n’est pas moi" in refused.values["what"]
    for notice in (asked, refused):
        assert not any("secret" in value or world.token(reference) in value or "/s/" in value for value in notice.values.values())
    with world.registry.read() as tx:
        rows = [row for row in tx.outgoing_of(reference) if row.template is Template.ATTENTION]
    assert [set(row.ids) for row in rows] == [{"attention_id"}, {"attention_id"}]
    assert [one.kind for one in told(world, reference)] == [AttentionKind.QUESTION, AttentionKind.NOT_ME]


def test_a_link_fills_no_mailbox() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    for number in range(question.MOST_WAITING):
        question.ask(world.ports, cookie, f"Question {number} ?")
    with pytest.raises(InputRefused) as error:
        question.ask(world.ports, cookie, "Une de plus ?")
    assert error.value.code == "question.too_many"
    assert len(mails(world)) == question.MOST_WAITING
    handle.handle(world.ports, reference, told(world, reference)[0].id, AGENT, "")
    question.ask(world.ports, cookie, "Une de plus ?")


def test_nothing_is_signed_from_a_link_in_doubt_until_an_agent_has_looked() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    view = world.read_all(cookie)
    code = world.ask_code(cookie)
    assert not open_link.preview_link(world.ports, world.token(reference)).is_in_doubt
    open_link.refuse_identity(world.ports, world.token(reference), BROWSER)
    assert open_link.preview_link(world.ports, world.token(reference)).is_in_doubt
    world.read_all(world.visit(reference))
    refused: tuple[Callable[[], object], ...] = (
        lambda: send_code.send_code(world.ports, cookie),
        lambda: sign.sign(world.ports, cookie, code, accepted=True, document_sha256=view.document_sha256),
    )
    for go_on in refused:
        with pytest.raises(RuleRefused) as error:
            go_on()
        assert error.value.code == "link.in_doubt"
    handle.handle(world.ports, reference, told(world, reference)[0].id, AGENT, "")
    sign.sign(world.ports, cookie, code, accepted=True, document_sha256=view.document_sha256)


def test_another_link_is_in_no_doubt() -> None:
    world = World()
    reference = world.invited()
    open_link.refuse_identity(world.ports, world.token(reference), BROWSER)
    reissue_link.reissue_link(world.ports, reference, "agent")
    world.deliver()
    world.sign(reference)
    assert told(world, reference)[0].is_waiting


def test_a_note_in_one_click() -> None:
    world = World()
    reference = world.invited()
    for text in ("Rappelée, signe lundi.", "Rappelée, signe lundi.", "Rappelée encore."):
        note.note(world.ports, reference, AGENT, text)
    assert [(one.text, one.by, one.is_waiting) for one in told(world, reference)] == [
        ("Rappelée, signe lundi.", "Agent", False),
        ("Rappelée encore.", "Agent", False),
    ]
    view = office.agreement_view(world.ports, world.session(Role.AGENT), reference)
    assert [entry.event.personal["text"] for entry in view.events if entry.event.type == "note.written"][-1] == "Rappelée encore."
    assert not view.standing.is_to_handle
    assert mails(world) == []


def test_words_too_long_empty_or_about_nothing_are_refused() -> None:
    world = World()
    reference, other = world.invited(1), world.invited(2)
    question.ask(world.ports, world.visit(reference), "Le montant ?")
    for text in (" ", "x" * 2001):
        with pytest.raises(InputRefused):
            note.note(world.ports, reference, AGENT, text)
    with pytest.raises(InputRefused):
        handle.handle(world.ports, reference, told(world, reference)[0].id, AGENT, "x" * 2001)
    with pytest.raises(NotFound):
        handle.handle(world.ports, other, told(world, reference)[0].id, AGENT, "")


def test_words_are_forgotten_on_time_save_those_that_wait() -> None:
    world = World()
    reference = world.invited()
    question.ask(world.ports, world.visit(reference), "Le montant ?")
    handle.handle(world.ports, reference, told(world, reference)[0].id, AGENT, "Par an.")
    question.ask(world.ports, world.visit(reference), "Et la date ?")
    note.note(world.ports, reference, AGENT, "Deux questions.")
    world.clock.advance(timedelta(days=366))
    purge_personal.purge_personal(world.ports)
    assert [one.text for one in told(world, reference)] == ["", "Et la date ?", ""]
    with world.registry.read() as tx:
        kept = [e.event for e in tx.events(reference) if e.event.type in purge_personal.TOLD_EVENTS]
    assert len(kept) == 4
    assert not any(event.personal for event in kept)


def test_what_agents_write_for_one_another_is_proved_and_disclosed_to_nobody() -> None:
    world = World()
    reference = world.invited()
    question.ask(world.ports, world.visit(reference), "Le montant ?")
    note.note(world.ports, reference, AGENT, "Personne difficile.")
    stamp_journal(world.ports)
    proved = {one.canonical: one.disclosed for one in prove_events(world.ports, reference).events}
    (noted,) = [disclosed for canonical, disclosed in proved.items() if b'"note.written"' in canonical]
    (asked,) = [disclosed for canonical, disclosed in proved.items() if b'"question.asked"' in canonical]
    assert (noted, [one.value for one in asked]) == ((), ["Le montant ?"])
