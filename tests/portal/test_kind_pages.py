"""What the signer and the desk are told of each kind: its own name, what it commits to, and what follows, never a convention's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from conventions.accounts import Role
from conventions.asked import AmendmentAsked, Asked, OrderAsked, TerminationAsked
from conventions.particulars import Change
from conventions.status import Status
from conventions.steps import activate, resume
from conventions.steps.propose import propose
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
