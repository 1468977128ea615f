"""The mailbox and the mails as people see them: Chromium at the width of a phone and of a desk, without script."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from conventions.outgoing import Template
from conventions.ports.delivery import Attachment
from delivery.notices import VALUES_OF
from tests.contract.delivery.parts import RunningCatcher, mailer_to
from tests.unit.delivery.examples import example_notice

pytestmark = [pytest.mark.needs_tool("chromium"), pytest.mark.sampled(one_in=3)]

WIDTHS = (320, 390, 1280)
NOTICE = "Démonstration : courriels fictifs, rien n'a quitté cette machine"
TOO_WIDE = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)"
SENT = 8 * len(VALUES_OF)
PAGE = 50
SMALLEST_TARGET_PX = 24  # WCAG 2.2, 2.5.8


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def filled(mail_catcher: RunningCatcher) -> RunningCatcher:
    mailer = mailer_to(mail_catcher)
    for rank, template in enumerate(list(VALUES_OF) * 8):
        files = (Attachment("Convention signée.pdf", "application/pdf", b"%PDF" * 20_000),) if template is Template.COSIGNED_COPY else ()
        to = f"representant-{rank:02d}@communaute-de-communes-fictive.invalid"
        mailer.send(example_notice(template, id=f"n-{rank}", to=to, attachments=files, demonstration=True))
    return mail_catcher


@contextmanager
def a_page(browser: Browser, filled: RunningCatcher, width: int, *, scripts: bool) -> Iterator[Page]:
    """Open a page of that width; at the end, check that nothing was fetched from elsewhere and nothing complained."""
    context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=scripts, locale="fr-FR")
    context.set_default_timeout(20_000)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    yield page
    context.close()
    assert [url for url in asked if not url.startswith(filled.address)] == []
    assert [text for text in said if "404" not in text] == []


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, browser: Browser, filled: RunningCatcher) -> Iterator[Page]:
    with a_page(browser, filled, request.param, scripts=False) as page:
        yield page


@pytest.fixture
def phone(browser: Browser, filled: RunningCatcher) -> Iterator[Page]:
    """A page where Playwright may look into frames: it does so by scripts."""
    with a_page(browser, filled, 390, scripts=True) as page:
        yield page


def verify_page(page: Page, name: str, *, whole: bool = True) -> None:
    """Check what holds for every page, and keep a picture of it in the folder that PICTURES_OF_TESTS names."""
    if folder := os.environ.get("PICTURES_OF_TESTS"):
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=whole)
    assert page.locator("html").get_attribute("lang") == "fr"
    expect(page.locator("h1")).to_have_count(1)
    assert page.evaluate(TOO_WIDE) == []


def first_of(page: Page, filled: RunningCatcher, rank: int) -> None:
    page.goto(f"{filled.address}/?to=representant-{rank:02d}@")
    page.locator(".mails a.subject").click()


def test_the_list_is_paged_filtered_and_marked(page: Page, filled: RunningCatcher) -> None:
    page.goto(filled.address)
    expect(page.get_by_text(NOTICE)).to_be_visible()
    verify_page(page, "list")
    expect(page.locator(".mails li")).to_have_count(PAGE)
    assert f"{SENT} courriels" in page.locator(".count").inner_text()
    page.get_by_role("link", name="Courriels plus anciens").click()
    expect(page.locator(".mails li")).to_have_count(min(SENT - PAGE, PAGE))
    page.get_by_label("Destinataire").fill("representant-07")
    page.get_by_role("button", name="Chercher").click()
    expect(page.locator(".mails li")).to_have_count(1)
    expect(page.get_by_text(NOTICE)).to_be_visible()
    verify_page(page, "found")


def test_a_search_without_answer_says_so(page: Page, filled: RunningCatcher) -> None:
    page.goto(f"{filled.address}/?to=<script>nobody")
    assert "Aucun courriel pour « <script>nobody »" in page.locator(".count").inner_text().replace("\u00a0", " ")
    verify_page(page, "nothing")


@pytest.mark.parametrize("rank", [0, 4])
def test_a_mail_shows_its_text_its_links_and_its_files(page: Page, filled: RunningCatcher, rank: int) -> None:
    first_of(page, filled, rank)
    expect(page.get_by_text(NOTICE)).to_be_visible()
    assert "tout est fictif" in page.locator(".text").inner_text()
    if rank == 0:
        link = page.locator(".text a")
        assert link.get_attribute("href") == link.inner_text() == example_notice().values["link"]
    else:
        expect(page.get_by_role("link", name="Télécharger Convention signée.pdf")).to_be_visible()
    verify_page(page, f"mail-{rank}")


def test_the_html_part_shows_in_its_frame_and_by_itself(phone: Page, filled: RunningCatcher) -> None:
    first_of(phone, filled, 0)
    frame = phone.frame_locator("iframe")
    expect(frame.get_by_role("link", name="Lire et signer le document")).to_be_visible()
    phone.locator("iframe").scroll_into_view_if_needed()
    verify_page(phone, "frame", whole=False)
    phone.get_by_role("link", name="Ouvrir la version mise en forme").click()
    expect(phone.get_by_role("link", name="Lire et signer le document")).to_be_visible()
    verify_page(phone, "html")


def test_a_link_of_the_frame_opens_in_the_whole_window(phone: Page, filled: RunningCatcher) -> None:
    mailer_to(filled).send(
        example_notice(to="frame@abers-fictifs.invalid", values={**example_notice().values, "link": f"{filled.address}/?to=landed"})
    )
    phone.goto(f"{filled.address}/?to=frame@abers-fictifs.invalid")
    phone.locator(".mails a.subject").first.click()
    phone.frame_locator("iframe").get_by_role("link", name="Lire et signer le document").click()
    phone.wait_for_url("**/?to=landed")


@pytest.mark.parametrize("template", list(VALUES_OF))
def test_every_html_mail_fits_a_phone(phone: Page, filled: RunningCatcher, template: Template) -> None:
    rank = list(VALUES_OF).index(template)
    first_of(phone, filled, rank)
    phone.get_by_role("link", name="Ouvrir la version mise en forme").click()
    expect(phone.get_by_text("tout est fictif")).to_be_visible()
    verify_page(phone, f"html-{template}")


def test_an_unknown_page_says_so(page: Page, filled: RunningCatcher) -> None:
    page.goto(f"{filled.address}/courriels/none")
    expect(page.get_by_text(NOTICE)).to_be_visible()
    expect(page.get_by_role("heading", name="Page introuvable")).to_be_visible()
    verify_page(page, "absent")


def test_the_keyboard_reaches_everything_and_shows_where_it_is(page: Page, filled: RunningCatcher) -> None:
    page.goto(filled.address)
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_visible()
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    for name in ("a.skip", "nav a", "#to", "button", ".subject"):
        expect(page.locator(f"{name}:focus-visible")).to_have_count(1)
        assert page.locator(f"{name}:focus-visible").evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
        page.keyboard.press("Tab")


def test_targets_are_large_enough_for_a_finger(page: Page, filled: RunningCatcher) -> None:
    page.goto(filled.address)
    for element in page.locator("nav a, .subject, .more, button, input").all():
        box = element.bounding_box()
        assert box is not None
        assert box["height"] >= SMALLEST_TARGET_PX
