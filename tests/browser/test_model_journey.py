"""The Vice-President reads the model once, in a real browser, by keyboard too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conventions.accounts import Role
from portal.settings import Site
from tests.browser.people import enter
from tests.browser.serving import Served
from tests.fakes.world import World

pytestmark = pytest.mark.needs_tool("chromium")


def test_the_model_is_read_from_a_ceremony_pressed_early(
    world: World, site: Served, person: Callable[..., Page], look: Callable[[Page, str], None]
) -> None:
    for rank in range(1, 8):
        world.member_signed(rank)
    page = person(390, 844)
    enter(page, site, Site.DESK, Role.SIGNATORY)
    look(page, "model-1-desk-asks")
    page.goto(site.address(Site.DESK, "/ceremonie"))
    look(page, "model-2-pressed-early")
    page.get_by_role("link", name="Lire le modèle de la convention").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Le modèle de la convention")
    look(page, "model-3-to-read")
    page.get_by_role("link", name="Annexe 2 – Les services (première partie)").press("Enter")
    assert page.evaluate("document.activeElement.id").startswith("partie-")
    page.get_by_role("link", name="Dire que vous l’avez lu").press("Enter")
    expect(page.get_by_role("heading", name="Votre lecture")).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="J’ai lu le modèle")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/document/*")
    page.goto(site.address(Site.DESK, "/modele/convention/2026-1"))
    look(page, "model-4-read")
    page.get_by_role("link", name="Revenir au parapheur").click()
    expect(page.get_by_role("link", name="Lire le modèle")).to_have_count(0)
    look(page, "model-5-desk-read")


def test_a_model_that_changed_meanwhile_is_said_on_its_page(
    world: World, site: Served, person: Callable[..., Page], look: Callable[[Page, str], None]
) -> None:
    world.member_signed(1)
    page = person(1280, 800)
    enter(page, site, Site.DESK, Role.SIGNATORY)
    page.get_by_role("link", name="Lire le modèle").click()
    world.documents.wordings["convention/2026-1"] = "changed"
    page.get_by_role("button", name="J’ai lu le modèle").click()
    expect(page.get_by_role("group", name="Il reste un point à corriger")).to_be_focused()
    look(page, "model-6-changed")
