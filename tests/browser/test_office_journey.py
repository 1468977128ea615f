"""An agent who reads what people said, handles it and notes a call, in a real browser, without script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conventions.accounts import Role
from conventions.agreements import Failure
from conventions.steps.open_link import refuse_identity
from conventions.steps.question import ask
from portal.settings import Site
from tests.browser.people import enter
from tests.browser.serving import Served
from tests.fakes.world import BROWSER, World

pytestmark = pytest.mark.needs_tool("chromium")

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]


def test_what_people_say_is_handled(world: World, site: Served, person: OpenBrowser, look: Look) -> None:
    asked, refused, failed, _ = (world.invited(rank) for rank in range(1, 5))
    ask(world.ports, world.visit(asked), "Le montant est-il annuel ?\nEt la TVA : comprise ou non ?")
    refuse_identity(world.ports, world.token(refused), BROWSER)
    with world.registry.write() as tx:
        tx.set_failure(failed, Failure("prepare", "upstream.unavailable", world.clock.now(), 3))

    page = person(1280, 800, has_script=False)
    enter(page, site, Site.OFFICE, Role.AGENT)
    look(page, "attention-1-overview")
    page.get_by_role("link", name="3 dossiers ont besoin d’attention").click()
    look(page, "attention-2-to-handle")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_label("À traiter par un agent").uncheck()
    page.get_by_role("button", name="Rechercher").click()
    expect(page.locator("tbody tr")).to_have_count(4)
    look(page, "attention-3-list")
    page.get_by_role("link", name=asked, exact=True).click()
    look(page, "attention-4-question")
    page.get_by_label("Réponse donnée, ou remarque").fill("Rappelée : oui, par an et hors taxes.")
    page.get_by_role("button", name="Traité").click()
    page.get_by_label("Ajouter une note").fill("Signera mardi.")
    page.get_by_role("button", name="Noter").click()
    expect(page.get_by_text("Signera mardi.").first).to_be_visible()
    look(page, "attention-5-handled")
    page.goto(site.address(Site.OFFICE, f"/conventions/{refused}"))
    look(page, "attention-6-not-me")


def test_not_me_is_looked_at(world: World, site: Served, person: OpenBrowser, look: Look) -> None:
    reference = world.invited()
    page = person(390)
    page.goto(site.address(Site.SIGNERS, f"/s/{world.token(reference)}"))
    page.get_by_role("button", name="Ce n’est pas moi").click()
    look(page, "attention-7-said")
    page.goto(site.address(Site.SIGNERS, f"/s/{world.token(reference)}"))
    look(page, "attention-8-greeting")
