"""``contreseing serve`` as a person runs it: the whole journey in a real browser, Ctrl-C, a kill, and again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from contreseing.demonstration.accounts import SIGNATORY, account_of, ensure_accounts
from contreseing.demonstration.programmes import current_programme
from contreseing.embedded.stack import Stack
from contreseing.embedded.supervision import MARK
from contreseing.wiring import build_ports, close_ports
from conventions.french import paris_date
from conventions.ports.system import Ports
from conventions.status import Status
from storage.migrations import ensure_schema
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.integration.village import Phone, Village, wait_until

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.needs_tool("chromium"),
    pytest.mark.left_to_ci("every day test_thread runs the same journey over HTTP, and tests/browser in a browser on fakes"),
]

INTERRUPTED_AT_MOST_SECONDS = 60
OPEN = "La démonstration est ouverte"


@dataclass(frozen=True)
class Served:
    """A folder that ``serve`` opens, and whose parts we know by their mark."""

    stack: Stack
    log: Path

    @property
    def processes(self) -> set[int]:
        """The processes of this stack's parts, whoever started them, and whatever became of their parent."""
        mark = f"{MARK}={self.stack.workspace.addresses.id}".encode()
        found = set()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.add(int(process.name))
            except OSError:
                continue
        return found

    @contextmanager
    def serving(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run the command until its sites are open; whatever happens, nothing of it is left."""
        self.log.write_text("")
        command = [sys.executable, "-m", "contreseing", "--dossier", str(self.stack.workspace.folder), "serve"]
        with self.log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process:
            try:
                wait_until(lambda: OPEN in self.said or process.poll() is not None, 150, lambda: self.said)
                assert process.poll() is None, self.said
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                    process.wait(INTERRUPTED_AT_MOST_SECONDS)

    @property
    def said(self) -> str:
        """All that the command printed so far."""
        return self.log.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A folder with its accounts and its programme, as a demonstration leaves it; nothing runs."""
    folder = tmp_path_factory.mktemp("served") / "demo"
    with Stack(folder) as stack:
        (folder / "data").mkdir(parents=True, exist_ok=True)
        ensure_schema(stack.settings.registry_url)
        ports = build_ports(stack.settings, is_deferring=True)
        file = current_programme(paris_date(ports.clock.now()).year)
        with ports.registry.write() as tx:
            tx.add_programme(file.programme)
            tx.add_delegation(file.programme.id, file.delegations[0])
        stack.workspace.write_accounts(ensure_accounts(ports, [], file.delegations[0]))
        close_ports(ports)
        yield Served(stack, folder.parent / "serve.log")


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


def window(browser: Browser, width: int, height: int) -> Page:
    page = browser.new_context(locale="fr-FR", viewport={"width": width, "height": height}).new_page()
    page.set_default_timeout(30_000)
    return page


@contextmanager
def ports_of(served: Served) -> Iterator[Ports]:
    ports = build_ports(served.stack.settings_with("portal", "flows", "desk", "proofs"))
    yield ports
    close_ports(ports)


def sign_on_a_phone(here: Village, browser: Browser) -> tuple[Page, str]:
    """Be the representative, on a screen of 390 pixels; return the page, and the link that the mail gave."""
    page = window(browser, 390, 844)
    with here.mailbox() as mailbox:
        link = here.sites.signers + mailbox.wait_for_link(here.addresses[0], here.sites.signers)
        page.goto(link)
        page.get_by_role("button", name="Oui, continuer").click()
        page.get_by_role("link", name="Lire la convention").click()
        while "/convention/partie/" in page.url:
            page.get_by_role("button", name=re.compile("J’ai terminé|J’ai lu cette partie")).click()
        page.get_by_label("J’ai pris connaissance").check()
        page.get_by_role("button", name="Recevoir mon code").click()
        page.get_by_label("Code à 6 chiffres").fill(mailbox.wait_for_code(here.addresses[0]))
        page.get_by_role("button", name="Signer la convention").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("C’est signé.")
    return page, link


def countersign_at_the_desk(here: Village, phone: Phone, browser: Browser) -> Page:
    """Be the Vice-President, on a screen of 1280 pixels; return the page of the ceremony, followed to its end."""
    page = window(browser, 1280, 800)
    page.goto(f"{here.sites.desk}/connexion")
    page.get_by_label("Identifiant").fill(phone.account.login)
    page.get_by_label("Mot de passe").fill(phone.account.password)
    page.get_by_label("Code de votre application").fill(phone.code())
    page.get_by_role("button", name="Entrer").click()
    page.get_by_role("link", name="Lire le modèle").click()
    page.get_by_role("button", name="J’ai lu le modèle").click()
    while "/document/" in page.url:
        page.get_by_role("button", name="Prête").click()
    page.get_by_role("link", name="Passer à la signature").click()
    page.get_by_label("Un nouveau code").fill(phone.code())
    page.get_by_role("button", name="Contresigner 1 convention").click()
    return page


def test_from_a_phone_to_services_on_then_ctrl_c(served: Served, browser: Browser) -> None:
    with served.serving() as process:
        with ports_of(served) as ports:
            phone = Phone(account_of(served.stack.workspace.read_accounts(), SIGNATORY))
            here = Village(served.stack, ports, phone, 1)
            here.invited()
            page, link = sign_on_a_phone(here, browser)
            assert here.statuses() == [Status.AWAITING_COUNTERSIGNATURE]
            desk = countersign_at_the_desk(here, phone, browser)
            expect(desk.get_by_role("heading", level=1)).to_have_text("Tout est contresigné", timeout=60_000)
            (agreement,) = here.agreements()
            row = desk.get_by_role("row").filter(has_text=agreement.reference)
            expect(row).to_contain_text("active, services ouverts", timeout=90_000)
            here.wait_for(Status.ACTIVE, 1)
            page.goto(link)
            expect(page.get_by_text("est signée au nom")).to_be_visible()
            expect(page.locator("ol.next .mark.done")).to_have_count(3)
            received = httpx.get(served.stack.workspace.addresses.url("receiver") + "/activations").json()["activations"]
            assert len([one for one in received if one["body"]["order"]["reference"] == agreement.reference]) == 12
        before = served.processes
        assert len(before) >= 8
        process.send_signal(signal.SIGINT)
        assert process.wait(INTERRUPTED_AT_MOST_SECONDS) == 0
    assert "Tout est arrêté." in served.said
    assert not served.processes


def test_killed_it_runs_again_and_ends_what_was_left(served: Served) -> None:
    with served.serving() as process:
        left = served.processes
        os.kill(process.pid, signal.SIGKILL)
        process.wait(INTERRUPTED_AT_MOST_SECONDS)
    time.sleep(1)
    assert served.processes & left, "nothing outlived the command: this test says nothing"
    with served.serving() as process:
        assert not served.processes & left
        assert httpx.get(served.stack.workspace.addresses.url("signers")).is_success
        process.send_signal(signal.SIGTERM)
        assert process.wait(INTERRUPTED_AT_MOST_SECONDS) == 0
    assert not served.processes
