"""Agents correct what a member is and owes; what it was stays told, what is signed or in force is refused with the way out."""

from __future__ import annotations

import pytest

from conventions.accounts import Role
from conventions.siret import fictitious_siret
from conventions.steps import activate, resume
from portal.settings import Site
from tests.fakes.world import World
from tests.portal.sites import Visitor, enter, portal_of
from tests.portal.test_office_repairs import correct, member_page


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def agent(world: World) -> Visitor:
    visitor = Visitor(portal_of(world), Site.OFFICE)
    enter(visitor, world, Role.AGENT)
    return visitor


def test_a_wrong_name_and_siret_are_corrected_and_what_they_were_stays_told(world: World, agent: Visitor) -> None:
    reference = world.invited()
    path = member_page(world, reference)
    agent.open(path)
    assert "Aujourd’hui : 13 000,00 €, donné par le barème." in agent.text
    correct(agent, path, siret="123 456 789 00012")
    assert agent.page.status_code == 422
    assert "SIRET : ce SIRET n’existe pas" in agent.text
    correct(agent, path, contribution_eur="15000", population="42 000")
    assert "Il reste 1 point" not in agent.text
    assert "Écrivez un nombre entier" in agent.text
    correct(agent, path, name="Communauté des Abers", siret=fictitious_siret(77), category="department", population="")
    assert "une nouvelle version est préparée" in agent.text
    agent.open(f"/conventions/{reference}")
    for words in (
        "nom : « Communauté de communes des Abers-Fictifs 14 » devient « Communauté des Abers »",
        f"SIRET : « {fictitious_siret(14)} » devient « {fictitious_siret(77)} »",
        "catégorie : « EPCI » devient « Département »",
        "population : « 42000 » devient « – »",
        "montant : « 13000 » devient « 45000 »",
    ):
        assert words in agent.text
    resume.resume(world.ports)
    world.deliver()
    world.sign(reference)
    correct(agent, path, name="Autre")
    assert agent.page.status_code == 409
    assert 'href="#formulaire"' in agent.page.text


def test_what_a_convention_in_force_says_is_amended_first(world: World, agent: Visitor) -> None:
    reference = world.archived()
    activate.activate(world.ports, reference)
    world.deliver()
    correct(agent, member_page(world, reference), name="Communauté des Abers")
    assert agent.page.status_code == 409
    assert f"L’acte {reference}, en vigueur, dit autre chose : proposez un avenant" in agent.text
    assert 'href="#name"' in agent.page.text
    assert 'value="Communauté des Abers"' in agent.page.text
