"""An agent proposes an order form, an amendment or a termination notice from the page of what it depends on."""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from html import unescape
from typing import Any

import pytest

from conventions.accounts import Role
from conventions.asked import AmendmentAsked, OrderAsked, TerminationAsked, asked_of
from conventions.kinds import Kind
from conventions.particulars import Change, OrderLine
from conventions.programmes import Programme
from conventions.status import Status
from conventions.steps import activate, resume
from portal.settings import Site
from tests.fakes.world import World
from tests.portal.sites import Visitor, enter, events, portal_of

LINE = {
    "lines-1-code": "ged-licences",
    "lines-1-name": "Licence supplémentaire, par an",
    "lines-1-unit": "licences",
    "lines-1-quantity": "10",
    "lines-1-unit-price": "48,00",
}
ORDER = {**LINE, "tax-statement": "TVA non applicable, mention fictive.", "deadline": "2026-12-31"}
CHANGE = {"changes-1-subject": "Siège", "changes-1-before": "1 rue Ancienne", "changes-1-after": "2 rue\nNouvelle"}
_FIELD = re.compile(r'<(?:input|textarea) [^>]*?name="([a-z0-9-]+)"(?: [^>]*?value="([^"]*)")?[^>]*>(?:([^<]*)</textarea>)?')


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def parent(world: World) -> str:
    reference = world.archived()
    activate.activate(world.ports, reference)
    world.deliver()
    return reference


@pytest.fixture
def agent(world: World) -> Visitor:
    visitor = Visitor(portal_of(world), Site.OFFICE)
    enter(visitor, world, Role.AGENT)
    return visitor


def send(visitor: Visitor, step: str, values: dict[str, Any]) -> None:
    """Send the form of the current page as a browser would, with the button that was pressed."""
    visitor.send(visitor.page.url.path, **values, etape=step)


def proposals(world: World) -> list[str]:
    with world.registry.read() as tx:
        return [one.reference for one in tx.agreements()][1:]


def test_an_order_form_is_reviewed_then_proposed_once(world: World, parent: str, agent: Visitor) -> None:
    agent.open(f"/conventions/{parent}")
    for title in ("Proposer un bon de commande", "Proposer un avenant", "Préparer un avis de résiliation"):
        assert title in agent.text
    agent.open(f"/conventions/{parent}/proposer/bon-de-commande")
    send(agent, "revoir", ORDER)
    assert "Vérifier avant de proposer" in agent.text
    for words in ("Licence supplémentaire, par an", "10 licences", "480,00 €", "TVA non applicable", "31 décembre 2026", parent):
        assert words in agent.text
    assert "déjà été proposé" not in agent.text
    assert proposals(world) == []
    reviewed = agent.page
    send(agent, "proposer", {})
    (made,) = proposals(world)
    assert agent.page.url.path == f"/conventions/{made}"
    assert "C’est proposé" in agent.text
    assert f"Dépend de {parent}" in agent.text
    agent.page = reviewed
    send(agent, "proposer", {})
    assert agent.page.url.path == f"/conventions/{made}"
    assert "C’est proposé" not in agent.text
    assert proposals(world) == [made]
    line = OrderLine("ged-licences", "Licence supplémentaire, par an", "licences", 10, 4_800)
    assert asked_of(world.agreement(made)) == OrderAsked(parent, (line,), "TVA non applicable, mention fictive.")
    with world.registry.read() as tx:
        opened = [entry for entry in tx.events() if entry.event.type == "campaign.opened"][-1]
    assert opened.event.personal["by"] == "a-agent"
    resume.resume(world.ports)
    assert world.status(made) is Status.AWAITING_MEMBER
    assert events(world, made)[0] == "agreement.drafted"
    agent.open(f"/conventions/{made}")
    assert "Portée Montant de la commande : 480,00 €, hors taxes" in agent.text
    assert "13 000,00" not in agent.text
    agent.open("/conventions")
    assert f"{parent} (convention) Communauté de communes des Abers-Fictifs 14 (EPCI) 13 000,00 €" in agent.text
    assert f"{made} (bon de commande) Communauté de communes des Abers-Fictifs 14 (EPCI) – À signer par le membre" in agent.text
    agent.open(f"/conventions/{parent}/proposer/bon-de-commande")
    send(agent, "revoir", ORDER)
    assert f"c’est le n° {made}" in agent.text
    assert 'value="proposer"' not in agent.page.text


def test_rows_are_added_and_nothing_typed_is_lost(parent: str, agent: Visitor) -> None:
    agent.open(f"/conventions/{parent}/proposer/bon-de-commande")
    send(agent, "ligne", ORDER)
    assert "Ligne 2" in agent.text
    assert shown(agent) >= {**ORDER, "lines-2-code": ""}.items()
    send(agent, "revoir", {**ORDER, "lines-2-code": "Espace !", "lines-2-quantity": "zéro", "lines-2-unit-price": "gratuit"})
    assert agent.page.status_code == 422
    assert "Il reste 5 points à corriger" in agent.text
    assert "Ligne 2, code du service : écrivez un code" in agent.text
    for field in ("code", "name", "unit", "quantity", "unit-price"):
        assert f'href="#lines-2-{field}"' in agent.page.text
        assert f'id="lines-2-{field}-erreur-' in agent.page.text
    assert shown(agent) >= {**ORDER, "lines-2-code": "Espace !", "lines-2-unit-price": "gratuit"}.items()
    send(agent, "revoir", {**ORDER, **dict.fromkeys(("lines-2-code", "lines-2-name"), "")})
    send(agent, "modifier", {})
    assert shown(agent) >= ORDER.items()


def shown(visitor: Visitor) -> set[tuple[str, str]]:
    return {(name, unescape(value or text)) for name, value, text in _FIELD.findall(visitor.page.text)}


def test_an_empty_form_says_what_lacks(parent: str, agent: Visitor) -> None:
    for nature, count in (("bon-de-commande", 7), ("avenant", 5), ("avis-de-resiliation", 2)):
        agent.open(f"/conventions/{parent}/proposer/{nature}")
        send(agent, "revoir", {})
        assert agent.page.status_code == 422
        assert f"Il reste {count} points à corriger" in agent.text


def test_an_amendment_is_numbered_and_says_what_changes(world: World, parent: str, agent: Visitor) -> None:
    agent.open(f"/conventions/{parent}/proposer/avenant")
    send(agent, "revoir", {**CHANGE, "effective-on": "2027-01-01", "deadline": "2026-12-31"})
    for words in ("Avenant 1 de la convention", "1er janvier 2027", "1 rue Ancienne", "2 rue Nouvelle"):
        assert words in agent.text
    send(agent, "proposer", {})
    (made,) = proposals(world)
    assert asked_of(world.agreement(made)) == AmendmentAsked(
        parent, (Change("Siège", "1 rue Ancienne", "2 rue Nouvelle"),), date(2027, 1, 1), 1
    )


def test_a_termination_ends_all_or_some_services(world: World, parent: str, agent: Visitor) -> None:
    path = f"/conventions/{parent}/proposer/avis-de-resiliation"
    for wrong in ({"extent": "some"}, {"extent": "all", "services-ged": "oui"}, {"extent": "some", "services-inconnu": "oui"}):
        agent.open(path)
        send(agent, "revoir", {**wrong, "deadline": "2026-12-31"})
        assert agent.page.status_code == 422
        assert 'href="#extent"' in agent.page.text
    agent.open(path)
    send(agent, "revoir", {"extent": "some", "services-ged": "oui", "deadline": "2026-12-31"})
    assert "Ce qui prend fin Espace de gestion documentaire" in agent.text
    assert "Du 1er février 2026 au 31 mars 2026" in agent.text
    send(agent, "proposer", {})
    (made,) = proposals(world)
    assert asked_of(world.agreement(made)) == TerminationAsked(parent, ("ged",))
    agent.open(path)
    send(agent, "revoir", {"extent": "all", "deadline": "2026-11-30"})
    assert agent.page.status_code == 409
    assert f"L’avis {made} met déjà fin à ces services." in agent.text


def test_what_the_rules_refuse_is_said_at_its_field(world: World, parent: str, agent: Visitor) -> None:
    path = f"/conventions/{parent}/proposer/bon-de-commande"
    agent.open(path)
    send(agent, "revoir", {**ORDER, "deadline": "2031-01-01"})
    assert agent.page.status_code == 409
    assert 'href="#deadline"' in agent.page.text
    send(agent, "revoir", {**ORDER, **{name.replace("1", "2"): value for name, value in LINE.items()}})
    assert agent.page.status_code == 422
    assert "Le service ged-licences est commandé deux fois" in agent.text
    send(agent, "revoir", {**ORDER, "lines-1-name": "Licence\u202e"})
    assert "caractère qui ne se voit pas" in agent.text
    send(agent, "revoir", {**ORDER, "lines-1-name": "x" * 2_001})
    assert "Écrivez de 1 à 2000 caractères." in agent.text
    world.registry.state.programmes[world.programme.id] = without_wording(world)
    send(agent, "proposer", ORDER)
    assert agent.page.status_code == 409
    assert 'href="#formulaire"' in agent.page.text
    assert proposals(world) == []


def without_wording(world: World) -> Programme:
    kept = tuple(one for one in world.programme.wordings if one[0] != Kind.ORDER_FORM.value)
    return dataclasses.replace(world.programme, wordings=kept)


def test_only_what_is_in_force_carries_a_proposal(world: World, agent: Visitor) -> None:
    reference = world.invited()
    agent.open(f"/conventions/{reference}")
    assert "Proposer un avenant" not in agent.text
    agent.open(f"/conventions/{reference}/proposer/avenant")
    assert "n’est pas en vigueur" in agent.text
    assert agent.open(f"/conventions/{reference}/proposer/charte").status_code == 404
    assert agent.open("/conventions/2026-9999/proposer/avenant").status_code == 404


def test_an_auditor_proposes_nothing(world: World, parent: str) -> None:
    auditor = Visitor(portal_of(world), Site.OFFICE)
    enter(auditor, world, Role.AUDITOR)
    path = f"/conventions/{parent}/proposer/avenant"
    assert "Proposer un avenant" not in auditor.open(f"/conventions/{parent}").text
    assert auditor.open(path).status_code == 403
    token = auditor.open(f"/conventions/{parent}").text.split('name="jeton" value="')[1].split('"')[0]
    answer = auditor.request(
        "POST", path, data={**CHANGE, "effective-on": "2027-01-01", "deadline": "2026-12-31", "etape": "proposer", "jeton": token}
    )
    assert answer.status_code == 403
    assert auditor.request("POST", path, data={"etape": "proposer"}).status_code == 403
    assert proposals(world) == []
