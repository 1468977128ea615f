"""An agent proposes what depends on a convention in force, in a real browser without script: each page at each width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conventions.accounts import Role
from conventions.status import Status
from conventions.steps import activate, resume
from portal.settings import Site
from tests.browser.people import enter
from tests.browser.serving import Served
from tests.fakes.world import World

pytestmark = pytest.mark.needs_tool("chromium")


def test_from_a_convention_to_an_order_form(
    world: World, site: Served, person: Callable[..., Page], look: Callable[[Page, str], None]
) -> None:
    parent = world.archived()
    activate.activate(world.ports, parent)
    world.deliver()
    page = person(1280, has_script=False)
    enter(page, site, Site.OFFICE, Role.AGENT)
    page.goto(site.address(Site.OFFICE, f"/conventions/{parent}"))
    look(page, "proposer-1-convention")
    page.get_by_role("link", name="Proposer un bon de commande").click()
    look(page, "proposer-2-commande")
    page.get_by_label("Code du service").fill("ged-licences")
    page.get_by_label("Désignation").fill("Licence supplémentaire de l’espace de gestion documentaire, par an")
    page.get_by_label("Unité").fill("licences")
    page.get_by_label("Quantité").fill("10")
    page.get_by_role("button", name="Ajouter une ligne").click()
    expect(page.get_by_label("Quantité").first).to_have_value("10")
    page.get_by_label("Code du service").nth(1).fill("Espace disque")
    page.get_by_role("button", name="Voir ce qui sera préparé").click()
    expect(page.locator("#erreurs")).to_be_focused()
    look(page, "proposer-3-a-corriger")
    page.locator("#erreurs a", has_text="Ligne 2, code du service").click()
    expect(page.locator("#lines-2-code")).to_be_focused()
    page.get_by_label("Code du service").nth(1).fill("espace")
    page.get_by_label("Désignation").nth(1).fill("Espace d’échange de fichiers")
    page.get_by_label("Unité").nth(1).fill("Go")
    page.get_by_label("Quantité").nth(1).fill("50")
    page.get_by_label("Prix unitaire").nth(0).fill("48,00")
    page.get_by_label("Prix unitaire").nth(1).fill("1,2")
    page.get_by_label("Mention sur la TVA").fill("TVA non applicable, mention fictive.")
    page.get_by_label("Dernier jour pour signer").fill("2026-12-31")
    page.get_by_role("button", name="Voir ce qui sera préparé").click()
    expect(page.get_by_text("540,00\u00a0€")).to_be_visible()
    look(page, "proposer-4-a-verifier")
    page.get_by_role("button", name="Modifier").click()
    expect(page.get_by_label("Prix unitaire").nth(1)).to_have_value("1,2")
    page.get_by_role("button", name="Voir ce qui sera préparé").click()
    page.get_by_role("button", name="Proposer").click()
    expect(page.get_by_role("status")).to_contain_text("C’est proposé")
    look(page, "proposer-5-propose")
    resume.resume(world.ports)
    made = page.url.rsplit("/", 1)[1].partition("?")[0]
    assert world.status(made) is Status.AWAITING_MEMBER


def test_amendments_and_notices_are_looked_at(
    world: World, site: Served, person: Callable[..., Page], look: Callable[[Page, str], None]
) -> None:
    parent = world.archived()
    activate.activate(world.ports, parent)
    world.deliver()
    page = person(390, has_script=False)
    enter(page, site, Site.OFFICE, Role.AGENT)
    page.goto(site.address(Site.OFFICE, f"/conventions/{parent}/proposer/avenant"))
    look(page, "proposer-6-avenant")
    page.get_by_label("Objet").fill("Siège de l’établissement")
    page.get_by_label("Ce que le document dit aujourd’hui").fill("3 rue de l’Océan, 29000 Port-Fictif")
    page.get_by_label("Ce qu’il dira désormais").fill("2 quai Neuf, 29000 Port-Fictif")
    page.get_by_label("Date d’effet").fill("2027-01-01")
    page.get_by_label("Dernier jour pour signer").fill("2026-12-31")
    page.get_by_role("button", name="Voir ce qui sera préparé").click()
    look(page, "proposer-7-avenant-a-verifier")
    page.goto(site.address(Site.OFFICE, f"/conventions/{parent}/proposer/avis-de-resiliation"))
    page.get_by_role("button", name="Voir ce qui sera préparé").click()
    expect(page.locator("#erreurs")).to_be_focused()
    look(page, "proposer-8-resiliation")
    page.get_by_label("Certains services seulement").check()
    page.get_by_label("Espace de gestion documentaire").check()
    page.get_by_label("Dernier jour pour signer").fill("2026-12-31")
    page.get_by_role("button", name="Voir ce qui sera préparé").click()
    look(page, "proposer-9-resiliation-a-verifier")
