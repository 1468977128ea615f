"""What people tell the agents, as the office shows and handles it; why agreements stand still, and whom to ring."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from conventions.accounts import Role
from conventions.attentions import AttentionKind
from conventions.links import VisitorKind
from conventions.outgoing import Template
from conventions.standing import Turn, Why
from conventions.visitors import Sign
from portal.office.standing_words import BEFORE_SIGNS, SIGN_LABELS, TOLD_LABELS, TURN_LABELS, WAITING_LABELS, WHY_LABELS, signs_of
from portal.settings import Site
from tests.fakes.world import World
from tests.portal.sites import Visitor, enter, portal_of


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def agent(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.OFFICE)


def signer(world: World, reference: str) -> Visitor:
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    visitor.open(f"/s/{world.token(reference)}")
    return visitor


def ask(world: World, reference: str, words: str) -> None:
    visitor = signer(world, reference)
    visitor.send(reponse="oui")
    visitor.open("/convention/question")
    visitor.send(question=words)


def test_a_question_is_counted_shown_and_handled(world: World, agent: Visitor) -> None:
    reference, other = world.invited(1), world.invited(2)
    ask(world, reference, "Le montant est-il <i>annuel</i> ?")
    world.sign(reference)
    enter(agent, world, Role.AGENT)
    assert "1 dossier a besoin d’attention , dont 1 question en attente de réponse." in agent.text
    agent.open("/conventions")
    assert "1 dossier attend un agent. Voir ce qui est à traiter" in agent.text
    agent.open("/conventions?a-traiter=oui")
    assert reference in agent.text
    assert other not in agent.text
    assert "À traiter Une question attend une réponse (depuis le" in agent.text
    assert "Nos agents À appeler : Mme Maëlle Le Goff-Exemple 02 98 00 00 01 representant1@membre.invalid" in agent.text
    assert "checked" in agent.page.text
    agent.open(f"/conventions/{reference}")
    assert "Le montant est-il &lt;i&gt;annuel&lt;/i&gt; ?" in agent.page.text
    assert "Nos agents, depuis le" in agent.text
    action = agent.page.text.split(f'action="/conventions/{reference}/demandes/')[1].split('"')[0]
    form = agent.page
    assert agent.send(f"/conventions/{reference}/demandes/{action}", remarque="x" * 2001).status_code == 422
    assert "x" * 2001 in agent.page.text
    agent.page = form
    agent.send(f"/conventions/{reference}/demandes/{action}", remarque="Oui, par an.")
    assert "par Agent." in agent.text
    assert "Oui, par an." in agent.text
    assert f"/demandes/{action}" not in agent.page.text
    assert "Demande traitée par un agent" in agent.text
    agent.open("/")
    assert "Rien n’est en échec, rien n’est en retard." in agent.text
    agent.open("/conventions?a-traiter=oui")
    assert "Aucun dossier ne répond à ces critères." in agent.text


def test_several_kinds_wait(world: World, agent: Visitor) -> None:
    first, second = world.invited(1), world.invited(2)
    ask(world, first, "Un ?")
    ask(world, first, "Deux ?")
    signer(world, second).send(reponse="non")
    enter(agent, world, Role.AUDITOR)
    assert "2 dossiers ont besoin d’attention , dont 1 « Ce n’est pas moi » et 2 questions en attente de réponse." in agent.text
    agent.open(f"/conventions/{first}")
    assert "Noter" not in agent.text
    assert "/demandes/" not in agent.page.text


def test_not_me_says_what_happens_and_stops_signing(world: World, agent: Visitor) -> None:
    reference = world.invited(1)
    visitor = signer(world, reference)
    visitor.send(reponse="non")
    assert "Ce lien ne permet plus de signer tant qu’un agent n’a pas vérifié" in visitor.text
    assert "02 99 00 00 00" in visitor.text
    world.deliver()
    assert world.mailer.last_to("agents@ker-niverel.invalid").template is Template.ATTENTION
    visitor.open(f"/s/{world.token(reference)}")
    assert "pour signer, appelez d’abord le 02 99 00 00 00" in visitor.text
    visitor.send(reponse="oui")
    for number in (1, 2, 3):
        visitor.open(f"/convention/partie/{number}")
        visitor.send(f"/convention/partie/{number}")
    visitor.open("/convention/decision")
    assert visitor.send("/convention/decision", accepte="oui").status_code == 409
    assert "rien n’est signé avant qu’un agent l’ait vérifié" in visitor.text
    enter(agent, world, Role.AGENT)
    agent.open(f"/conventions/{reference}")
    assert "« Ce n’est pas moi » : le lien est parvenu à quelqu’un d’autre" in agent.text
    assert "en lecture seule, « Ce n’est pas moi » attend un agent" in agent.text
    assert "ce lien se lit mais ne permet pas de signer" in agent.text
    action = agent.page.text.split(f'action="/conventions/{reference}/demandes/')[1].split('"')[0]
    agent.send(f"/conventions/{reference}/demandes/{action}")
    visitor.open("/convention/decision")
    visitor.send("/convention/decision", accepte="oui")
    assert visitor.page.url.path == "/convention/code"


def test_a_note_in_one_form(world: World, agent: Visitor) -> None:
    reference = world.invited(1)
    enter(agent, world, Role.AGENT)
    form = agent.open(f"/conventions/{reference}")
    assert "Personne n’a rien demandé ni noté." in agent.text
    assert agent.send(f"/conventions/{reference}/notes", note=" ").status_code == 422
    assert 'href="#note"' in agent.page.text
    agent.page = form
    agent.send(f"/conventions/{reference}/notes", note="Rappelée : signe lundi.")
    assert "Rappelée : signe lundi." in agent.text
    assert "Note d’un agent" in agent.text
    assert "par Agent" in agent.text
    agent.open("/")
    assert "Rien n’est en échec" in agent.text


def test_an_auditor_neither_handles_nor_notes(world: World, agent: Visitor) -> None:
    reference = world.invited(1)
    ask(world, reference, "Un ?")
    enter(agent, world, Role.AUDITOR)
    agent.open("/")
    token = agent.page.text.split('name="jeton" value="')[1].split('"')[0]
    with world.registry.read() as tx:
        (told,) = tx.attentions_of(reference)
    for path in ("notes", f"demandes/{told.id}"):
        assert agent.request("POST", f"/conventions/{reference}/{path}", data={"jeton": token, "note": "x"}).status_code == 403


def test_a_locked_link_is_seen_from_the_first_page(world: World, agent: Visitor) -> None:
    reference = world.invited(1)
    visitor = signer(world, reference)
    visitor.send(reponse="oui")
    for number in (1, 2, 3):
        visitor.open(f"/convention/partie/{number}")
        visitor.send(f"/convention/partie/{number}")
    visitor.open("/convention/decision")
    visitor.send("/convention/decision", accepte="oui")
    world.deliver()
    wrong = f"{(int(world.code().replace(' ', '')) + 1) % 1_000_000:06d}"
    for _ in range(5):
        visitor.open("/convention/code")
        visitor.send("/convention/code", code=wrong)
    enter(agent, world, Role.AGENT)
    assert "1 dossier a besoin d’attention ." in agent.text
    agent.open("/conventions?a-traiter=oui")
    assert "Lien bloqué après 5 codes inexacts" in agent.text
    assert "Nos agents À appeler : Mme Maëlle Le Goff-Exemple 02 98 00 00 01" in agent.text
    (line,) = json.loads(agent.open("/api/agreements?to_handle=true").text)["items"]
    assert (line["turn"], [one["why"] for one in line["hindrances"]]) == ("agents", ["link_locked"])


def test_pages_keep_what_is_asked_for(world: World, agent: Visitor) -> None:
    for rank in range(1, 53):
        ask(world, world.invited(rank), "Un ?")
    enter(agent, world, Role.AGENT)
    agent.open("/conventions?a-traiter=oui")
    following = agent.page.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "a-traiter=oui" in following
    agent.open(following)
    assert "2026-0052" in agent.text
    assert "2026-0050" not in agent.text
    rows = agent.open("/conventions/liste.csv?a-traiter=oui").content.decode("utf-8-sig").splitlines()
    assert len(rows) == 53
    assert rows[0].endswith(";à qui d’agir;ce qui retient")
    assert "Nos agents;Une question attend une réponse" in rows[1]


def test_visits_are_shown_with_what_was_observed(world: World, agent: Visitor) -> None:
    reference = world.invited(1)
    visitor = signer(world, reference)
    world.clock.advance(timedelta(seconds=12))
    visitor.send(reponse="oui")
    scanner = Visitor(portal_of(world), Site.SIGNERS)
    scanner.headers = {"user-agent": "Mozilla/5.0 (compatible; BingPreview/1.0b)", "purpose": "prefetch"}
    scanner.open(f"/s/{world.token(reference)}")
    scanner.send(reponse="oui", servie="1.0000")
    enter(agent, world, Role.AGENT)
    agent.open(f"/conventions/{reference}")
    assert "sans doute une personne : langue annoncée, en-têtes de navigation présents, réponse après une seconde ou plus" in agent.text
    assert (
        "sans doute une machine : nom d’un outil qui analyse les courriels, nom d’un programme, page demandée d’avance, "
        "aucune langue annoncée, aucun des en-têtes de navigation (Sec-Fetch)"
    ) in agent.text
    with world.registry.read() as tx:
        opened = [entry.event.data for entry in tx.events(reference) if entry.event.type == "link.opened"]
    assert [one["visitor"] for one in opened] == [VisitorKind.PERSON, VisitorKind.MACHINE]
    assert opened[0]["because"] == "language,fetch_metadata,unhurried"


def test_words_are_there_for_all() -> None:
    assert set(WHY_LABELS) == set(Why)
    assert set(SIGN_LABELS) == set(Sign)
    assert set(TOLD_LABELS) == set(AttentionKind)
    assert set(WAITING_LABELS) == set(AttentionKind) - {AttentionKind.NOTE}
    assert set(TURN_LABELS) == set(Turn) - {Turn.MEMBER}
    assert signs_of("form sent by a browser") == BEFORE_SIGNS
