"""An agent puts things right in a browser: each page at each width, and the way from a return to a new version."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conventions.accounts import Role
from conventions.status import Status
from conventions.steps import resume, return_to_member
from portal.settings import Site
from tests.browser.people import enter
from tests.browser.serving import Served
from tests.fakes.world import World

pytestmark = pytest.mark.needs_tool("chromium")


def test_from_a_return_to_a_new_version(world: World, site: Served, person: Callable[..., Page], look: Callable[[Page, str], None]) -> None:
    reference = world.member_signed()
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, "Le nom a changé le 3 mars.")
    page = person(1280)
    enter(page, site, Site.OFFICE, Role.AGENT)
    look(page, "gestion-renvoyee-accueil")
    page.get_by_role("link", name="à vous de le corriger et de le reprendre").click()
    page.get_by_role("link", name=reference).click()
    look(page, "gestion-renvoyee")
    page.get_by_role("link", name="Annuler ce dossier").click()
    look(page, "gestion-annulation")
    page.get_by_role("link", name="Revenir").click()
    page.get_by_role("link", name="Corriger ce que nous savons du membre").click()
    look(page, "gestion-membre")
    page.get_by_label("Adresse électronique de la personne qui signe").fill("sans arobase")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#erreurs")).to_be_focused()
    look(page, "gestion-membre-a-corriger")
    page.get_by_label("Adresse électronique de la personne qui signe").fill("soazig@membre.invalid")
    page.get_by_label("Nom", exact=True).first.fill("Exemple-Nouvelle")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("status")).to_contain_text("C’est enregistré.")
    page.get_by_role("link", name=f"Convention {reference}").click()
    page.get_by_role("link", name="Préparer une nouvelle version").click()
    look(page, "gestion-reprise")
    page.get_by_role("button", name="Préparer la nouvelle version").click()
    expect(page.get_by_role("status")).to_contain_text("Une nouvelle version est ouverte")
    resume.resume(world.ports)
    assert world.status(reference) is Status.AWAITING_MEMBER
    page.reload()
    page.get_by_role("link", name="Donner plus de temps").click()
    look(page, "gestion-echeance")
    page.get_by_role("link", name="Membres", exact=True).first.click()
    look(page, "gestion-membres")
