"""The signer, on a phone: by touch, by keyboard alone, without script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conventions.errors import UpstreamUnavailable
from conventions.status import Status
from conventions.steps.draft import draft
from conventions.steps.request_data import request_data
from portal.settings import Site
from tests.browser.people import open_convention, press, tab_to
from tests.browser.serving import Served
from tests.fakes.world import CAMPAIGN, World

pytestmark = pytest.mark.needs_tool("chromium")

Look = Callable[[Page, str], None]
OpenBrowser = Callable[..., Page]

CUT_TABLES = """() => [...document.querySelectorAll(".twin table")]
  .filter((table) => table.getBoundingClientRect().right > table.closest(".twin").getBoundingClientRect().right)
  .map((table) => table.textContent.trim().slice(0, 60))"""


def read(page: Page, count: int) -> None:
    """Read from the first part to the last."""
    page.get_by_role("link", name="Lire la convention").click()
    for number in range(1, count + 1):
        expect(page.locator("h1 .over")).to_have_text(f"Partie {number} sur {count}")
        page.get_by_role("button", name="J’ai terminé" if number == count else "J’ai lu cette partie, continuer").click()


def test_whole_journey_with_every_page_looked_at(world: World, site: Served, person: OpenBrowser, look: Look) -> None:
    reference = world.invited()
    page = person()
    page.goto(site.address(Site.SIGNERS, f"/s/{world.token(reference)}"))
    look(page, "signer-1-greeting")
    count = open_convention(page, site, reference)
    look(page, "signer-2-what-you-sign")
    page.get_by_role("link", name="Lire la convention").click()
    page.wait_for_load_state("networkidle")
    look(page, "signer-3-part")
    assert page.evaluate("document.images.length") == 0
    page.get_by_role("link", name="Voir les pages telles qu’elles seront signées").click()
    page.wait_for_load_state("networkidle")
    look(page, "signer-3-part-pages")
    assert page.evaluate("document.images.length") > 0
    assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 1000)")
    page.goto(site.address(Site.SIGNERS, "/convention/decision"))
    page.get_by_label("J’ai pris connaissance").check()
    page.get_by_role("button", name="Recevoir mon code").click()
    expect(page.locator("#erreurs")).to_be_focused()
    look(page, "signer-4-too-early")
    page.goto(site.address(Site.SIGNERS, "/convention"))
    read(page, count)
    expect(page.get_by_label("J’ai pris connaissance")).not_to_be_checked()
    look(page, "signer-5-decision")
    page.get_by_role("button", name="Recevoir mon code").click()
    look(page, "signer-6-not-ticked")
    page.get_by_role("link", name="Cochez la case").click()
    expect(page.get_by_label("J’ai pris connaissance")).to_be_focused()
    page.get_by_label("J’ai pris connaissance").check()
    page.get_by_role("button", name="Recevoir mon code").click()
    look(page, "signer-7-code")
    world.deliver()
    page.get_by_label("Code à 6 chiffres").fill("000 000")
    page.get_by_role("button", name="Signer la convention").click()
    expect(page.locator("#erreurs")).to_contain_text("Il vous reste 4 essais.")
    look(page, "signer-8-wrong-code")
    page.goto(site.address(Site.SIGNERS, "/convention/code"))
    page.get_by_label("Code à 6 chiffres").fill(world.code())
    world.signing.failure = UpstreamUnavailable("the authority is down")
    page.get_by_role("button", name="Signer la convention").click()
    look(page, "signer-9-pending")
    world.signing.failure = None
    page.get_by_role("button", name="Essayer de terminer maintenant").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("C’est signé.")
    look(page, "signer-10-done")
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger la convention signée").click()
    assert b"Signature_Membre" in download.value.path().read_bytes()


def test_every_part_is_looked_at_as_text(world: World, site: Served, person: OpenBrowser, look: Look) -> None:
    page = person()
    count = open_convention(page, site, world.invited())
    for number in range(1, count + 1):
        page.goto(site.address(Site.SIGNERS, f"/convention/partie/{number}"))
        look(page, f"signer-part-{number}-text")
        assert page.evaluate(CUT_TABLES) == []


def test_the_other_pages_are_looked_at(world: World, site: Served, person: OpenBrowser, look: Look) -> None:
    reference = world.invited()
    page = person()
    for path, name in (
        ("/", "home"),
        ("/s/unknown", "link-refused"),
        ("/convention", "visit-over"),
        ("/nothing", "not-found"),
        ("/accessibilite", "accessibility"),
        ("/mentions-legales", "legal"),
        ("/donnees-personnelles", "privacy"),
    ):
        page.goto(site.address(Site.SIGNERS, path))
        look(page, f"signer-{name}")
    open_convention(page, site, reference)
    for path in ("code/aide", "certificat", "question", "refus"):
        page.goto(site.address(Site.SIGNERS, f"/convention/{path}"))
        look(page, f"signer-{path.replace('/', '-')}")
    page.get_by_label("Pour quelle raison").fill("Le conseil a voté contre.")
    page.get_by_role("button", name="je ne signe pas").click()
    look(page, "signer-declined")


def test_the_secretary_completes_what_is_missing(world: World, site: Served, person: OpenBrowser, look: Look) -> None:
    member = world.add_member(1, power=None, referent=None)
    world.open_campaign()
    reference = draft(world.ports, CAMPAIGN, member.id)
    request_data(world.ports, reference)
    world.deliver()
    page = person()
    page.goto(site.address(Site.SIGNERS, f"/s/{world.token(reference)}"))
    look(page, "prepare-1-greeting")
    page.get_by_role("button", name="Oui, continuer").click()
    look(page, "prepare-2-form")
    page.get_by_role("button", name="Enregistrer").click()
    look(page, "prepare-3-errors")
    page.get_by_role("link", name="Nature de l’acte").click()
    expect(page.get_by_label("Nature de l’acte")).to_be_focused()
    page.get_by_label("Nature de l’acte").select_option("deliberation")
    for label, text in (
        ("Qui a pris cet acte", "le conseil communautaire"),
        ("Numéro de l’acte", "2025-112"),
        ("Date de l’acte", "2025-12-11"),
        ("Date de transmission", "2025-12-15"),
        ("Date de publication", "2025-12-16"),
        ("Prénom", "Erwan"),
        ("Fonction", "responsable des usages"),
        ("Adresse électronique", "erwan@membre.invalid"),
        ("Téléphone", "02 98 00 00 00"),
    ):
        page.get_by_label(label).fill(text)
    page.get_by_label("Nom", exact=True).fill("Kermarrec-Exemple")
    page.get_by_label("Civilité").select_option("M.")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vos informations sont enregistrées")
    look(page, "prepare-4-done")


@pytest.mark.parametrize("has_script", [True, False])
def test_whole_journey_by_keyboard(world: World, site: Served, person: OpenBrowser, *, has_script: bool) -> None:
    reference = world.invited()
    page = person(has_script=has_script)
    page.goto(site.address(Site.SIGNERS, f"/s/{world.token(reference)}"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    press(page, "Oui, continuer", "Space")
    expect(page.locator("ol.parts li").first).to_be_visible()
    count = page.locator("ol.parts li").count()
    press(page, "Lire la convention")
    for number in range(1, count + 1):
        press(page, "J’ai terminé" if number == count else "J’ai lu cette partie, continuer")
    tab_to(page, "J’ai pris connaissance")
    page.keyboard.press("Space")
    press(page, "Recevoir mon code")
    world.deliver()
    tab_to(page, "Code à 6 chiffres")
    code = world.code()
    page.keyboard.type(f"{code[:3]} {code[3:]}")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("C’est signé.")
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE


@pytest.mark.parametrize("has_script", [True, False])
def test_the_summary_of_errors_has_the_focus(world: World, site: Served, person: OpenBrowser, *, has_script: bool) -> None:
    page = person(has_script=has_script)
    open_convention(page, site, world.invited())
    page.goto(site.address(Site.SIGNERS, "/convention/question"))
    page.get_by_label("Votre question").fill(" ")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.locator("#erreurs")).to_be_focused()
    expect(page).to_have_title(re.compile(r"^Erreur\s: "))


def test_a_code_is_pasted(world: World, site: Served, person: OpenBrowser) -> None:
    reference = world.invited()
    page = person()
    read(page, open_convention(page, site, reference))
    page.get_by_label("J’ai pris connaissance").check()
    page.get_by_role("button", name="Recevoir mon code").click()
    world.deliver()
    field = page.get_by_label("Code à 6 chiffres")
    assert field.get_attribute("autocomplete") == "one-time-code"
    field.focus()
    page.keyboard.insert_text(f" {world.code()} ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("C’est signé.")


def test_two_tabs_make_one_signature(world: World, site: Served, person: OpenBrowser) -> None:
    reference = world.invited()
    first = person()
    read(first, open_convention(first, site, reference))
    first.get_by_label("J’ai pris connaissance").check()
    first.get_by_role("button", name="Recevoir mon code").click()
    world.deliver()
    second = first.context.new_page()
    second.goto(first.url)
    for page in (first, second):
        page.get_by_label("Code à 6 chiffres").fill(world.code())
    for page in (first, second):
        page.get_by_role("button", name="Signer la convention").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("C’est signé.")
    assert world.signing.signatures_made == 1
