"""What people do in a browser: by name, by keyboard."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from conventions.accounts import Role
from portal.settings import Site
from tests.browser.serving import Served
from tests.fakes.world import PASSWORD
from tests.portal.sites import STEP

MOST_TABS = 80

_FOCUSED = """() => {
  const focused = document.activeElement;
  const text = (focused.labels?.length ? focused.labels[0] : focused).textContent || "";
  return [text.replace(/\\s+/g, " ").trim(), getComputedStyle(focused).outlineStyle];
}"""


def tab_to(page: Page, words: str) -> None:
    """Press Tab until the focus is on what reads so; the focus must be seen all along the way."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        text, outline = page.evaluate(_FOCUSED)
        assert outline != "none", f"the focus on {text!r} is not seen"
        if words in text.replace("\u00a0", " ").replace("\u202f", " "):
            return
    raise AssertionError(f"no way by keyboard to {words!r} on {page.url}")


def press(page: Page, words: str, key: str = "Enter") -> None:
    """Go to a link or a button by keyboard and press it."""
    tab_to(page, words)
    with page.expect_navigation():
        page.keyboard.press(key)


def enter(page: Page, site: Served, where: Site, role: Role) -> None:
    """Sign in; the clock then goes on, so that the next code is a fresh one."""
    page.goto(site.address(where, "/connexion"))
    page.get_by_label("Identifiant").fill(role.value)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_label("Code de votre application").fill(site.world.totp(role))
    page.get_by_role("button", name="Entrer").click()
    site.world.clock.current += STEP


def open_convention(page: Page, site: Served, reference: str) -> int:
    """Open the link of the mail, say who one is, and return how many parts there are to read."""
    page.goto(site.address(Site.SIGNERS, f"/s/{site.world.token(reference)}"))
    page.get_by_role("button", name="Oui, continuer").click()
    parts = page.locator("ol.parts li")
    expect(parts.first).to_be_visible()  # counting does not wait for the page
    return parts.count()
