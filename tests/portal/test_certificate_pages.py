"""A file signed with a certificate that names no organisation: what the member sees, and what agents do with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind
from conventions.status import Status
from portal.settings import Site
from tests.fakes.signing import NO_SIREN
from tests.fakes.world import World
from tests.portal.sites import Visitor, begin, enter, portal_of, read
from tests.portal.test_upload_pages import ADDRESS, prepared, send


@pytest.fixture
def world() -> World:
    """A world whose agents confirm such certificates."""
    opened = World()
    opened.ports = replace(opened.ports, rules=replace(opened.ports.rules, accepts_uploads=True, confirms_certificates=True))
    return opened


@pytest.fixture
def signer(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.SIGNERS)


@pytest.fixture
def reference(world: World, signer: Visitor) -> str:
    """An agreement of which such a file was just sent."""
    found = begin(world, signer)
    read(signer)
    signer.open(ADDRESS)
    send(signer, prepared(world, found) + NO_SIREN)
    return found


@pytest.fixture
def agent(world: World, reference: str) -> Visitor:
    """An agent on the page of that agreement."""
    visitor = Visitor(portal_of(world), Site.OFFICE)
    enter(visitor, world, Role.AGENT)
    visitor.open(f"/conventions/{reference}")
    return visitor


def judge(agent: Visitor, reference: str, decision: str, words: str) -> int:
    return agent.send(f"/conventions/{reference}/certificat/1", decision=decision, constat=words).status_code


def test_the_member_reads_that_it_arrived_and_what_comes_next(world: World, signer: Visitor, reference: str) -> None:
    assert signer.page.url.path == ADDRESS
    assert "Votre fichier est arrivé" in signer.text
    assert "Vous recevrez un courriel" in signer.text
    assert world.status(reference) is Status.AWAITING_MEMBER
    send(signer, prepared(world, reference) + NO_SIREN + b"again")
    assert (signer.page.status_code, "attend déjà" in signer.text) == (409, True)
    signer.open("/convention/decision")
    assert "un agent vérifie votre certificat" in signer.text


def test_an_agent_sees_what_to_compare_and_confirms(world: World, agent: Visitor, signer: Visitor, reference: str) -> None:
    for said in ("Certificat à confirmer", "CN=Personne", "CN=Autorité", "2a", "Un fichier signé avec un certificat sans SIREN"):
        assert said in agent.text
    assert "/demandes/" not in agent.page.text  # nothing to be said handled: it is to be judged
    assert judge(agent, reference, "confirmer", "") == 422
    assert judge(agent, reference, "autre", "Vu.") == 422
    assert "Vu." in agent.page.text
    judge(agent, reference, "confirmer", "Lu au téléphone.")
    assert "Le certificat est confirmé" in agent.text
    assert "Certificat à confirmer" not in agent.text
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE
    assert signer.open(ADDRESS).url.path == "/convention/merci"


def test_an_agent_refuses_and_the_member_may_go_on(world: World, agent: Visitor, signer: Visitor, reference: str) -> None:
    other_tab = agent.page
    judge(agent, reference, "refuser", "Prenez le certificat de la commune.")
    assert "Le fichier est refusé" in agent.text
    world.deliver()
    assert any("Prenez le certificat de la commune." in str(notice.values) for notice in world.mailer.sent)
    signer.open(ADDRESS)
    assert "Votre fichier est arrivé" not in signer.text
    agent.page = other_tab
    assert judge(agent, reference, "confirmer", "Finalement si.") == 409
    assert "n’attend plus" in agent.text
    assert world.agreement(reference).fact(FactKind.MEMBER_SIGNED) is None


def test_an_auditor_reads_and_judges_nothing(world: World, reference: str) -> None:
    auditor = Visitor(portal_of(world), Site.OFFICE)
    enter(auditor, world, Role.AUDITOR)
    auditor.open(f"/conventions/{reference}")
    assert "Certificat à confirmer" in auditor.text
    assert 'name="constat"' not in auditor.page.text
    token = auditor.page.text.split('name="jeton" value="')[1].split('"')[0]
    sent = {"jeton": token, "decision": "confirmer", "constat": "Vu."}
    assert auditor.request("POST", f"/conventions/{reference}/certificat/1", data=sent).status_code == 403
    assert world.status(reference) is Status.AWAITING_MEMBER
