"""A real browser before the real portal; everything behind is the world of fakes, its conventions drawn by the real adapter."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.browser.serving import PicturedWorld, Served, served
from tests.fakes.world import World
from tests.tools import ROOT, in_ci

PICTURES = ROOT / "build" / "pictures" / "portal"
FAULTS = (Path(__file__).parent / "page_faults.js").read_text(encoding="utf-8")
WIDTHS_PX = (320, 390, 1280)
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a module: a longer life would leave its event loop running under other tests."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def world() -> World:
    return PicturedWorld()


@pytest.fixture
def site(world: World) -> Iterator[Served]:
    with served(world) as portal:
        yield portal


@pytest.fixture
def person(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Give a person a browser of her own, of a phone's width by default; anything the page complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        is_status = re.match(r"Failed to load resource: the server responded with a status of 4\d\d", message.text)
        if message.type in {"error", "warning"} and not is_status:
            complaints.append(message.text)

    def open_browser(width: int = 390, height: int = 844, *, has_script: bool = True) -> Page:
        context = browser.new_context(locale="fr-FR", viewport={"width": width, "height": height}, java_script_enabled=has_script)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_browser
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def look() -> Callable[[Page, str], None]:
    """Check a page at each width; in CI, or where PICTURES_OF_TESTS names a folder, keep a picture of it, to be looked at."""
    folder = Path(os.environ.get("PICTURES_OF_TESTS", PICTURES))
    has_pictures = in_ci() or "PICTURES_OF_TESTS" in os.environ

    def look_at(page: Page, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        page.wait_for_load_state("load")
        before = page.viewport_size
        for width in WIDTHS_PX:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(FAULTS) == [], f"{name} at {width} px"
            if has_pictures:
                page.screenshot(path=str(folder / f"{name}-{width}.png"), full_page=True)
        if before is not None:
            page.set_viewport_size(before)

    return look_at
