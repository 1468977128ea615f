"""The secretary's form, and what every site owes to everybody."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from conventions.status import Status
from conventions.steps.draft import draft
from conventions.steps.request_data import request_data
from portal.settings import Site
from tests.fakes.world import CAMPAIGN, World
from tests.portal.sites import SETTINGS, Visitor, portal_of

ANSWERS = {
    "act_type": "deliberation",
    "act_body": "conseil communautaire",
    "act_number": "2025-112",
    "act_on": "2025-12-11",
    "act_sent_on": "2025-12-15",
    "act_published_on": "2025-12-16",
    "referent_civility": "M.",
    "referent_given_name": "Erwan",
    "referent_family_name": "Kermarrec-Exemple",
    "referent_function": "Responsable des usages numériques",
    "referent_email": "erwan@membre.invalid",
    "referent_telephone": "02 98 00 00 00",
}


@pytest.fixture
def world() -> World:
    return World()


def asked(world: World) -> str:
    """Ask a member for its act and its referent; return the reference."""
    member = world.add_member(1, power=None, referent=None)
    world.open_campaign()
    reference = draft(world.ports, CAMPAIGN, member.id)
    request_data(world.ports, reference)
    world.deliver()
    return reference


def test_completing_what_is_missing(world: World) -> None:
    reference = asked(world)
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    visitor.open(f"/s/{world.token(reference)}")
    assert "Il manque quelques informations" in visitor.text
    visitor.send(reponse="oui")
    assert visitor.page.url.path == "/informations"
    visitor.send()
    assert visitor.page.status_code == 422
    assert "Nature de l’acte : répondez à cette question." in visitor.text
    assert "Il reste 10 points à corriger" in visitor.text
    given = {**ANSWERS, "act_on": "hier", "referent_email": "erwan", "jeton": _token(visitor)}
    wrong = visitor.request("POST", "/informations", data=given)
    assert wrong.status_code == 422
    assert 'href="#act_on"' in wrong.text
    assert 'href="#referent_email"' in wrong.text
    assert 'value="conseil communautaire"' in wrong.text
    assert '<option value="deliberation" selected>' in wrong.text
    visitor.request("POST", "/informations", data={**ANSWERS, "service_code": "SRV", "jeton": _token(visitor)})
    assert visitor.page.url.path == "/informations/merci"
    assert world.status(reference) is Status.DRAFTED
    member_id = world.agreement(reference).member_id
    with world.registry.read() as tx:
        member = tx.member(member_id)
    assert member.power is not None
    assert member.referent is not None
    assert member.billing.service_code == "SRV"


def test_a_preparing_link_opens_no_convention(world: World) -> None:
    reference = asked(world)
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    visitor.open(f"/s/{world.token(reference)}")
    visitor.send(reponse="oui")
    assert visitor.open("/convention").status_code == 403


def test_every_field_has_its_label(world: World) -> None:
    reference = asked(world)
    visitor = Visitor(portal_of(world), Site.SIGNERS)
    visitor.open(f"/s/{world.token(reference)}")
    visitor.send(reponse="oui")
    for field in (*ANSWERS, "service_code", "engagement_number"):
        assert f'<label for="{field}">' in visitor.page.text
        assert f'id="{field}" name="{field}"' in visitor.page.text


@pytest.mark.parametrize("site", list(Site))
def test_notices(world: World, site: Site) -> None:
    visitor = Visitor(portal_of(world), site)
    visitor.open("/accessibilite")
    assert "non conforme avec le référentiel général" in visitor.text
    assert "Défenseur des droits" in visitor.text
    visitor.open("/mentions-legales")
    assert "Ceci est une démonstration." in visitor.text
    visitor.open("/donnees-personnelles")
    assert "12 mois" in visitor.text
    assert "Accessibilité : non conforme" in visitor.text


def test_outside_a_demonstration_nothing_says_that_it_is_one(world: World) -> None:
    origins: Any = {"signers_origin": "https://a.invalid", "desk_origin": "https://b.invalid", "office_origin": "https://c.invalid"}
    settings = dataclasses.replace(SETTINGS, demonstration=False, **origins)
    visitor = Visitor(portal_of(world, settings), Site.SIGNERS, settings)
    for path in ("/", "/mentions-legales", "/accessibilite"):
        visitor.open(path)
        assert "émonstration." not in visitor.page.text


@pytest.mark.parametrize("site", list(Site))
def test_health(world: World, site: Site) -> None:
    visitor = Visitor(portal_of(world), site)
    assert visitor.open("/health").json() == {"status": "ok"}
    world.registry.down = True
    answer = visitor.open("/health", headers={"accept": "application/json"})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


def _token(visitor: Visitor) -> str:
    return visitor.page.text.split('name="jeton" value="')[1].split('"')[0]
