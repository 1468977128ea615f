"""A file that waits for an agent, in a browser: what the member reads, and how an agent confirms, at each width and by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from conventions.accounts import Role
from conventions.status import Status
from conventions.steps import accept_upload
from portal.settings import Site
from tests.browser.people import enter, open_convention, press, tab_to
from tests.browser.serving import PicturedWorld, Served, served
from tests.fakes.signing import NO_SIREN
from tests.fakes.world import World

pytestmark = pytest.mark.needs_tool("chromium")


def test_the_member_is_told_and_an_agent_confirms(person: Callable[..., Page], look: Callable[[Page, str], None]) -> None:
    world: World = PicturedWorld()
    world.ports = replace(world.ports, rules=replace(world.ports.rules, accepts_uploads=True, confirms_certificates=True))
    reference = world.invited()
    with served(world) as site:
        hold(world, reference)
        member = person()
        open_convention(member, site, reference)
        member.goto(site.address(Site.SIGNERS, "/convention/certificat"))
        expect(member.get_by_role("status")).to_contain_text("Votre fichier est arrivé")
        look(member, "certificat-en-attente")
        member.goto(site.address(Site.SIGNERS, "/convention/decision"))
        look(member, "decision-fichier-en-attente")
        confirm(site, person(1280), reference, look)
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE


def hold(world: World, reference: str) -> None:
    """Have the member read and send such a file."""
    cookie = world.visit(reference)
    view = world.read_all(cookie)
    accept_upload.accept_upload(world.ports, cookie, world.ports.working.get(view.document_sha256) + NO_SIREN)


def confirm(site: Served, page: Page, reference: str, look: Callable[[Page, str], None]) -> None:
    """Confirm it by keyboard, after a first try without saying why."""
    enter(page, site, Site.OFFICE, Role.AGENT)
    look(page, "gestion-certificat-accueil")
    page.goto(site.address(Site.OFFICE, f"/conventions/{reference}"))
    look(page, "gestion-certificat")
    press(page, "Confirmer ce certificat")
    expect(page.locator("#erreurs")).to_be_focused()
    look(page, "gestion-certificat-sans-motif")
    tab_to(page, "Ce que vous avez vérifié")
    page.keyboard.type("Appelée au standard, elle a lu le numéro de série.")
    press(page, "Confirmer ce certificat")
    expect(page.get_by_role("status")).to_contain_text("Le certificat est confirmé")
    look(page, "gestion-certificat-confirme")
