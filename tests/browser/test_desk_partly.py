"""A desk of which the delegation covers a part, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from conventions.accounts import Role
from conventions.kinds import Kind
from portal.settings import Site
from tests.browser.people import enter
from tests.browser.serving import Served
from tests.fakes.world import World
from tests.portal.sites import STEP
from tests.portal.test_desk_reading import amended

pytestmark = pytest.mark.needs_tool("chromium")


def test_what_is_not_covered_is_said_and_pages_are_shown_when_asked(
    world: World, site: Served, person: Callable[..., Page], look: Callable[[Page, str], None]
) -> None:
    reference = world.member_signed(1)
    amended(world)
    with world.registry.write() as tx:
        tx.add_delegation(world.programme.id, replace(world.delegation, id="d-2", scope=(Kind.CONVENTION,)))
        tx.update_account(replace(tx.account("a-signatory"), delegation_id="d-2"))
    world.clock.advance(STEP)
    page = person(1280, 800)
    enter(page, site, Site.DESK, Role.SIGNATORY)
    expect(page.get_by_text("Un document n’est pas couvert par votre délégation")).to_be_visible()
    look(page, "desk-11-partly-covered")
    page.goto(site.address(Site.DESK, f"/document/{reference}"))
    page.get_by_role("link", name="Voir les pages telles qu’elles seront signées").click()
    expect(page.get_by_role("img").first).to_be_visible()
    look(page, "desk-12-pages")
    page.get_by_role("button", name="Prête").click()
    page.get_by_role("link", name="Passer à la signature").click()
    look(page, "desk-13-ceremony-partly-covered")
