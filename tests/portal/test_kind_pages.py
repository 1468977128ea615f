"""What the signer and the desk are told of each kind: its own name, what it commits to, and what follows, never a convention's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from conventions.accounts import Role
from conventions.asked import AmendmentAsked, Asked, OrderAsked, TerminationAsked
from conventions.kinds import Kind, agreed
from conventions.particulars import Change
from conventions.status import Status
from conventions.steps import activate, resume
from conventions.steps.propose import propose
from conventions.views import CeremonyView
from portal.desk.ceremonies import count_words, outcomes
from portal.settings import Site
from tests.fakes.world import World
from tests.portal.sites import Visitor, enter, portal_of
from tests.unit.conventions.steps.test_dependent import DEADLINE, LINES


@pytest.fixture(scope="module")
def world() -> World:
    made = World()
    reference = made.archived()
    activate.activate(made.ports, reference)
    made.deliver()
    return made


def parent_of(world: World) -> str:
    with world.registry.read() as tx:
        return tx.agreements()[0].reference


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            OrderAsked("", LINES, "TVA"),
            ("le bon de commande", "Montant de la commande : 540,00 €, hors taxes", "services commandés sont alors ouverts"),
        ),
        (
            AmendmentAsked("", (Change("Siège", "1 rue", "2 rue"),), date(2027, 1, 1)),
            ("l’avenant", "À compter du 1er janvier 2027", "Vous recevez alors l’avenant signé par les deux parties."),
        ),
        (
            TerminationAsked(""),
            ("l’avis de résiliation", "Fin des services : 31 mars 2026", "Le syndicat en accuse réception et confirme les dates."),
        ),
    ],
    ids=["order form", "amendment", "termination notice"],
)
def test_the_signer_is_told_of_what_it_signs(world: World, asked: Asked, said: tuple[str, str, str]) -> None:
    name, scope, then = said
    reference = propose(world.ports, type(asked)(**{**vars(asked), "parent": parent_of(world)}), DEADLINE, "agent")
    resume.resume(world.ports)
    world.deliver()
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    visitor.open(f"/s/{world.token(reference)}")
    assert f"à signer {name}" in visitor.text
    visitor.send(reponse="oui")
    for words in (scope, then, f"Lire {name}"):
        assert words in visitor.text
    for part in (1, 2, 3):
        visitor.open(f"/convention/partie/{part}")
        visitor.send()
    assert scope in visitor.text
    visitor.send(accepte="oui")
    world.deliver()
    assert scope in visitor.text
    assert f"Signer {name}" in visitor.text
    visitor.send("/convention/code", code=world.code())
    assert f"Vous avez signé {name}" in visitor.text
    assert then in visitor.text
    for words in ("par an", "la convention", "13 000"):
        assert words not in visitor.text


def test_a_refused_document_is_named_in_its_own_gender(world: World) -> None:
    asked = AmendmentAsked(parent_of(world), (Change("Siège", "1 rue", "3 rue"),), date(2027, 1, 1))
    reference = propose(world.ports, asked, DEADLINE, "agent")
    resume.resume(world.ports)
    world.deliver()
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    visitor.open(f"/s/{world.token(reference)}")
    visitor.send(reponse="oui")
    file = visitor.open("/convention/document.pdf")
    assert file.headers["content-disposition"] == f'attachment; filename="avenant-{reference}.pdf"'
    visitor.open("/convention/refus")
    assert "Si vous confirmez, l’avenant est refusé au nom" in visitor.text
    assert "l’avenant peut être préparé à nouveau" in visitor.text
    visitor.send("/convention/refus")
    assert f"L’avenant Ker Niverel n° {reference} n’est pas signé au nom" in visitor.text
    office = Visitor(portal_of(world), Site.OFFICE)
    enter(office, world, Role.AGENT)
    office.open(f"/conventions/{reference}")
    assert "État Refusé , depuis le" in office.text
    assert "Refusé par le membre" in office.text


@pytest.mark.parametrize(
    ("kinds", "count", "words", "told"),
    [
        ((Kind.CONVENTION, Kind.CHARTER), 1, "contresignée", "active, services ouverts"),
        ((Kind.CONVENTION, Kind.CHARTER), 2, "contresignées", "actives, services ouverts"),
        ((Kind.ORDER_FORM, Kind.CONVENTION), 1, "contresigné", "actif, services ouverts"),
        ((Kind.ORDER_FORM, Kind.CONVENTION), 2, "contresignés", "actifs, services ouverts"),
    ],
)
def test_a_ceremony_is_counted_in_number_and_gender(kinds: tuple[Kind, Kind], count: int, words: str, told: str) -> None:
    names = ("2026-0001", "2026-0002")
    now = datetime(2026, 1, 12, 9, tzinfo=UTC)
    done = names[:count]
    view = CeremonyView("c", now, now, names, done, done, done, (), dict(zip(names, kinds, strict=True)))
    assert (count_words(view)["countersigned"], count_words(view)["active"]) == (words, told)
    said = dict(outcomes(replace(view, active=(), archived=(), countersigned=names[:1])))
    assert said == {names[0]: agreed(kinds[0], "contresigné"), names[1]: f"non {agreed(kinds[1], 'contresigné')}"}
    assert dict(outcomes(replace(view, active=())))[names[0]] == agreed(kinds[0], "archivé")
    assert dict(outcomes(view))[names[0]] == ("actif" if kinds[0] is Kind.ORDER_FORM else "active") + ", services ouverts"


def test_the_desk_shows_what_the_syndicate_signs_alone(world: World) -> None:
    reference = propose(world.ports, OrderAsked(parent_of(world), LINES, "TVA, autre mention"), DEADLINE, "agent")
    resume.resume(world.ports)
    world.deliver()
    world.sign(reference)
    with world.registry.read() as tx:
        answers = [agreement.reference for agreement in tx.agreements() if agreement.kind == "acknowledgement"]
    for answer in answers:
        assert world.status(answer) is Status.AWAITING_COUNTERSIGNATURE
    world.clock.advance(timedelta(seconds=60))
    visitor = Visitor(portal_of(world), Site.DESK)
    enter(visitor, world, Role.SIGNATORY)
    visitor.open("/")
    assert "Montant de la commande : 540,00 €, hors taxes" in visitor.text
    assert "Ce document a ses propres termes : il se lit un par un." in visitor.text
    visitor.open(f"/document/{reference}")
    assert "Portée" in visitor.text
    for answer in answers:
        visitor.open(f"/document/{answer}")
        assert "ce document est signé par le syndicat seul" in visitor.text
        assert (
            visitor.open(f"/document/{answer}/fichier.pdf").headers["content-disposition"].endswith(f'"accuse-de-reception-{answer}.pdf"')
        )
