"""What each person of the demonstration does: the agent who starts the campaign, the signers, the Vice-President."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date

from contreseing.credentials import TOTP_STEP_SECONDS
from contreseing.demonstration.accounts import DemonstrationAccount
from contreseing.demonstration.browsing import Browser, Mailbox
from contreseing.demonstration.pages import Page
from conventions.errors import UpstreamUnavailable, VerificationFailed

SIGNERS_AT_ONCE = 6
LOOK_EVERY_SECONDS = 1.0
Told = Callable[[], None]


@dataclass(frozen=True)
class Sites:
    """Addresses of the demonstration's sites and of its mailbox."""

    signers: str
    desk: str
    office: str
    mailbox: str


def enter(browser: Browser, account: DemonstrationAccount) -> Page:
    """Sign in with password and second factor.

    Raises:
        VerificationFailed: refused.
    """
    page = browser.open("/connexion")
    values = {"identifiant": account.login, "mot-de-passe": account.password, "code": account.code()}
    return browser.send(page, "/connexion", values)


def start_campaign(browser: Browser, programme_id: str, last_day: date) -> None:
    """Start the campaign of a programme from the office."""
    page = browser.open("/campagnes/nouvelle")
    values = {"programme": programme_id, "nature": "convention", "date-limite": last_day.isoformat()}
    _expect(browser.send(page, "/campagnes/nouvelle", values), "/conventions")


def agreements(browser: Browser) -> list[dict[str, object]]:
    """Read every agreement from the office, by reference."""
    found: list[dict[str, object]] = []
    after = ""
    while True:
        page = browser.read_json(f"/api/agreements?limit=500&after={after}")
        items = page["items"]
        if isinstance(items, list):
            found += items
        if not page["next"]:
            return found
        after = str(page["next"])


def sign(sites: Sites, mailbox: Mailbox, address: str, *, is_looking: bool) -> None:
    """Be a representative: read the mail, open the link, turn every part, accept, ask for the code, read it, sign.

    Raises:
        UpstreamUnavailable: a mail did not come, or the site does not answer.
        VerificationFailed: a page is not the one expected.
    """
    link = mailbox.wait_for_link(address, sites.signers)
    with Browser(sites.signers) as browser:
        page = browser.send(browser.open(link), link, press="oui")
        parts = sorted({path for path in page.links if path.startswith("/convention/partie/")}, key=_number)
        page = browser.open(parts[0])
        while page.path.startswith("/convention/partie/"):
            if is_looking:
                browser.look(page)
            page = browser.send(page, page.path)
        page = browser.send(page, "/convention/decision", tick=("accepte",))
        page = browser.send(page, "/convention/code", {"code": mailbox.wait_for_code(address)})
        _expect(page, "/convention/merci")


def sign_all(sites: Sites, addresses: Sequence[str], tell: Told, *, is_looking: bool) -> None:
    """Have several representatives sign, a few at the same time; the first failure ends it."""
    with Mailbox(sites.mailbox) as mailbox, ThreadPoolExecutor(SIGNERS_AT_ONCE, "signer") as signers:
        signings = [signers.submit(sign, sites, mailbox, address, is_looking=is_looking) for address in addresses]
        try:
            for done in as_completed(signings):
                done.result()
                tell()
        except BaseException:
            signers.shutdown(wait=False, cancel_futures=True)
            raise


def review_desk(browser: Browser, tell: Told, *, is_looking: bool) -> int:
    """Be the Vice-President: read the model, open each document that must be and declare it ready; return how many were opened."""
    opened = 0
    _read_models(browser, is_looking=is_looking)
    documents = [path for path in browser.open("/").links if path.startswith("/document/")]
    if not documents:
        raise VerificationFailed("the desk is empty", code="demonstration.unexpected")
    page = browser.open(documents[0])
    while page.path.startswith("/document/"):
        if is_looking:
            browser.look(page)
        page = browser.send(page, page.path, press="prete")
        opened += 1
        tell()
    return opened


def _read_models(browser: Browser, *, is_looking: bool) -> None:
    """Read each model that the desk names, unless it was read before: its page then has no form."""
    for path in sorted({path for path in browser.open("/").links if path.startswith("/modele/")}):
        page = browser.open(path)
        if is_looking:
            browser.look(page)
        if any(form.action == path for form in page.forms):
            browser.send(page, path)


def authorise(browser: Browser, account: DemonstrationAccount, entered_at: float) -> tuple[str, int]:
    """Be the Vice-President: sign the list with a fresh code; return the ceremony's path and the number of documents.

    ``entered_at`` is ``time.monotonic()`` when the session began: its code must not serve again, so the next one is awaited.
    """
    page = browser.open("/ceremonie")
    references = page.form("/ceremonie").fields["references"].split()
    while time.monotonic() - entered_at < TOTP_STEP_SECONDS:
        time.sleep(LOOK_EVERY_SECONDS)
    page = browser.send(page, "/ceremonie", {"code": account.code()})
    if not page.path.startswith("/ceremonie/"):
        raise VerificationFailed(f"page {page.path} instead of the ceremony's", code="demonstration.unexpected")
    return page.path, len(references)


def follow(browser: Browser, ceremony: str, within_seconds: float, tell: Callable[[int], None]) -> None:
    """Follow a ceremony until everything is countersigned.

    Raises:
        UpstreamUnavailable: it takes too long.
        VerificationFailed: it is over and some documents are not signed.
    """
    limit = time.monotonic() + within_seconds
    while time.monotonic() < limit:
        progress = browser.read_json(f"{ceremony}/avancement")
        done, total = int(str(progress["countersigned"])), int(str(progress["total"]))
        tell(done)
        if done == total:
            return
        if progress["over"]:
            raise VerificationFailed(f"the ceremony ended with {done} of {total} countersigned", code="demonstration.unexpected")
        time.sleep(LOOK_EVERY_SECONDS)
    raise UpstreamUnavailable("the ceremony takes too long", code="demonstration.too_long")


def _number(path: str) -> int:
    return int(path.rpartition("/")[2])


def _expect(page: Page, path: str) -> None:
    if page.path != path:
        raise VerificationFailed(f"page {page.route} (« {page.title} ») instead of {path}", code="demonstration.unexpected")
