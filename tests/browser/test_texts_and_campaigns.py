"""A text of many lines as a browser counts and sends it, and what a second campaign says, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from conventions.accounts import Role
from portal.settings import Site
from tests.browser.people import enter, open_convention
from tests.browser.serving import Served
from tests.fakes.world import CAMPAIGN

pytestmark = pytest.mark.needs_tool("chromium")

LINES = "\n".join("x" * 99 for _ in range(20))
"""1,999 characters as the browser counts them, 2,018 as it sends them."""


def test_a_text_that_the_browser_lets_through_is_taken(site: Served, person: Callable[..., Page]) -> None:
    page = person()
    open_convention(page, site, site.world.invited())
    page.goto(site.address(Site.SIGNERS, "/convention/question"))
    page.get_by_label("Votre question").fill(LINES)
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_role("heading", name="Votre question est envoyée")).to_be_visible()


def test_a_text_too_long_stays_on_the_page_and_the_focus_goes_to_what_is_wrong(
    site: Served, person: Callable[..., Page], look: Callable[[Page, str], None]
) -> None:
    page = person()
    open_convention(page, site, site.world.invited())
    page.goto(site.address(Site.SIGNERS, "/convention/refus"))
    reason = page.get_by_label("Pour quelle raison")
    reason.evaluate("field => field.removeAttribute('maxlength')")
    reason.fill(LINES + "yyz")
    page.get_by_role("button", name="Confirmer").click()
    expect(page.get_by_label("Pour quelle raison")).to_have_value(LINES + "yyz")
    assert page.evaluate("document.activeElement.id") == "erreurs"
    look(page, "refusal-too-long")


def test_a_second_campaign_says_whom_it_leaves_out(site: Served, person: Callable[..., Page], look: Callable[[Page, str], None]) -> None:
    for rank in range(1, 4):
        site.world.invited(rank)
    site.world.clock.advance(timedelta(days=1))
    site.world.open_campaign(campaign_id=f"{CAMPAIGN}-suivante")
    page = person()
    enter(page, site, Site.OFFICE, Role.AGENT)
    page.goto(site.address(Site.OFFICE, f"/conventions?campagne={CAMPAIGN}-suivante"))
    page.get_by_text("3 membres laissés de côté").click()
    expect(page.get_by_role("link", name="2026-0003")).to_be_visible()
    look(page, "left-out")
