"""The Vice-President at the desk, and an agent in the office, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conventions.accounts import Role
from conventions.people import MailAddress
from conventions.steps.activate import activate
from conventions.steps.archive import archive
from conventions.steps.countersign import countersign
from portal.settings import Site
from tests.browser.people import enter
from tests.browser.serving import Served
from tests.fakes.world import World

pytestmark = pytest.mark.needs_tool("chromium")

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]


def signed(world: World, *ranks: int, **changes: object) -> list[str]:
    """Have members sign, in order."""
    references = []
    for rank in ranks:
        references.append(world.invited(rank, **changes))
        world.sign(references[-1])
    return references


def test_from_the_desk_to_the_services(world: World, site: Served, person: OpenBrowser, look: Look) -> None:
    references = signed(world, *range(1, 8))
    references += signed(world, 9, representative_mail=MailAddress("mairie@membre.invalid", "annuaire de démonstration"))
    page = person(1280, 800)
    page.goto(site.address(Site.DESK, "/"))
    look(page, "desk-1-sign-in")
    page.get_by_role("button", name="Entrer").click()
    look(page, "desk-2-sign-in-errors")
    enter(page, site, Site.DESK, Role.SIGNATORY)
    look(page, "desk-3-piles")
    page.get_by_role("link", name="Lire le modèle").click()
    page.get_by_role("button", name="J’ai lu le modèle").click()
    page.wait_for_load_state("networkidle")
    look(page, "desk-4-document")
    page.get_by_role("link", name="Renvoyer avec motif").click()
    look(page, "desk-5-return")
    page.get_by_role("link", name="Revenir au document").click()
    opened = 0
    while "/document/" in page.url:
        page.get_by_role("button", name="Prête").click()
        opened += 1
    assert opened == 6
    look(page, "desk-6-all-ready")
    page.get_by_role("link", name="Passer à la signature").click()
    look(page, "desk-7-ceremony")
    page.get_by_label("Un nouveau code").fill(world.totp(Role.SIGNATORY))
    page.get_by_role("button", name="Contresigner 8 conventions").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Contresignature en cours")
    look(page, "desk-8-progress")

    ceremony_id = page.url.rpartition("/")[2]
    countersign(world.ports, ceremony_id, references[:4])
    expect(page.locator('[data-shown="sentence"]')).to_have_text("4 sur 8 contresignées")
    expect(page.get_by_role("status")).to_have_text("4 sur 8 contresignées")
    countersign(world.ports, ceremony_id)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tout est contresigné")
    for reference in references:
        archive(world.ports, reference)
        activate(world.ports, reference)
    world.deliver()
    expect(page.get_by_role("row").filter(has_text=references[0])).to_contain_text("active, services ouverts")
    look(page, "desk-9-over")
    page.get_by_role("link", name="Séances de signature").first.click()
    look(page, "desk-10-past-ceremonies")


def test_letters_open_the_next_document_unless_turned_off(world: World, site: Served, person: OpenBrowser) -> None:
    first, second, third = signed(world, 1, 2, 3)
    page = person(1280, 800)
    enter(page, site, Site.DESK, Role.SIGNATORY)
    page.goto(site.address(Site.DESK, f"/document/{first}"))
    page.keyboard.press("j")
    page.wait_for_url(f"**/document/{second}")
    page.keyboard.press("j")
    page.wait_for_url(f"**/document/{third}")
    page.keyboard.press("k")
    page.wait_for_url(f"**/document/{second}")
    page.get_by_label("Touches").uncheck()
    page.reload()
    expect(page.get_by_label("Touches")).not_to_be_checked()
    page.keyboard.press("j")
    page.wait_for_timeout(300)
    assert page.url.endswith(second)
    page.get_by_label("Touches").check()
    page.goto(site.address(Site.DESK, f"/document/{second}/renvoi"))
    page.get_by_label("Motif").press_sequentially("jk")
    assert page.url.endswith("/renvoi")


def test_the_desk_works_without_script(world: World, site: Served, person: OpenBrowser) -> None:
    references = signed(world, 1, 2)
    page = person(390, 844, has_script=False)
    enter(page, site, Site.DESK, Role.SIGNATORY)
    page.get_by_role("link", name="Lire le modèle").first.click()
    page.get_by_role("button", name="J’ai lu le modèle").click()
    expect(page.get_by_label("Touches")).to_be_hidden()
    for _ in references:
        page.get_by_role("button", name="Prête").click()
    page.get_by_role("link", name="Passer à la signature").click()
    page.get_by_label("Un nouveau code").fill(world.totp(Role.SIGNATORY))
    page.get_by_role("button", name="Contresigner 2 conventions").click()
    expect(page.get_by_text("Cette page se recharge toutes les 10 secondes.")).to_be_visible()
    countersign(world.ports, page.url.rpartition("/")[2])
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tout est contresigné")
    page.get_by_role("link", name="Arrêter").click()
    expect(page.get_by_role("link", name="Recharger toutes les 10 secondes")).to_be_visible()


def test_an_agent_in_the_office(world: World, site: Served, person: OpenBrowser, look: Look) -> None:
    world.mailer.refused.add("representant3@membre.invalid")
    reference = world.invited(1)
    world.sign(world.invited(2))
    world.invited(3)
    page = person(1280, 800)
    enter(page, site, Site.OFFICE, Role.AGENT)
    look(page, "office-1-overview")
    page.get_by_role("link", name="Dossiers", exact=True).click()
    look(page, "office-2-list")
    page.get_by_label("État").select_option("awaiting_member")
    page.get_by_role("button", name="Rechercher").click()
    page.get_by_role("link", name=reference).click()
    look(page, "office-3-agreement")
    page.get_by_role("button", name="Envoyer un nouveau lien").click()
    expect(page.get_by_role("status")).to_contain_text("Un nouveau lien part à representant1@membre.invalid")
    page.get_by_role("link", name="Envois à revoir").click()
    look(page, "office-4-dead-letters")
    page.get_by_role("button", name="Relancer").click()
    expect(page.get_by_text("Aucun envoi n’a été abandonné.")).to_be_visible()
    page.goto(site.address(Site.OFFICE, "/campagnes/nouvelle"))
    look(page, "office-5-campaign")
    page.get_by_role("button", name="Lancer la campagne").click()
    look(page, "office-6-campaign-errors")
    page.get_by_label("Dernier jour pour signer").fill("2026-03-31")
    page.get_by_role("button", name="Lancer la campagne").click()
    page.wait_for_url("**/conventions?campagne=*")
    page.goto(site.address(Site.OFFICE, "/problemes"))
    look(page, "office-7-problems")


def test_a_site_s_cookie_reaches_no_other_site(world: World, site: Served, person: OpenBrowser) -> None:
    page = person()
    enter(page, site, Site.OFFICE, Role.AGENT)
    enter(page, site, Site.DESK, Role.SIGNATORY)
    by_host = {cookie["domain"]: cookie["name"] for cookie in page.context.cookies() if "formulaire" not in cookie["name"]}
    assert by_host == {"127.0.0.2": "parapheur", "127.0.0.3": "gestion"}
    assert all(cookie["httpOnly"] for cookie in page.context.cookies())
