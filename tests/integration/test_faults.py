"""Each thing outside is really stopped, or our worker killed, in the middle.

People get a clear page, or the work waits in its place; when it is back, all ends as if nothing had happened.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest

from contreseing.demonstration.browsing import Browser
from contreseing.demonstration.pages import Page
from contreseing.embedded.stack import Stack
from conventions.agreements import FactKind
from conventions.errors import UpstreamUnavailable
from conventions.outgoing import OutgoingState
from conventions.ports.registry import JournalEntry
from conventions.status import Status
from tests.integration.village import Village, wait_until

# one stack for all of these, wherever they run; its first start creates Prefect's tables
pytestmark = pytest.mark.timeout(400)

KILLED_OVER, KILLS = 4, 4
"""Members whose mails and orders, 13 each at least, wait when the worker is killed, and how often it is."""


@contextmanager
def without(stack: Stack, part: str) -> Iterator[None]:
    stack.stop_part(part)
    try:
        yield
    finally:
        stack.start_part(part)


def events_of(here: Village, reference: str) -> list[JournalEntry]:
    with here.ports.registry.read() as tx:
        return list(tx.events(reference))


def orders_of(here: Village) -> list[str]:
    received = httpx.get(here.stack.workspace.addresses.url("receiver") + "/activations").json()["activations"]
    references = {agreement.reference for agreement in here.agreements()}
    return [item["id"] for item in received if item["body"]["order"]["reference"] in references]


def at_the_code(here: Village, browser: Browser) -> tuple[Page, str]:
    """Take the only signer as far as the code's page; return it with the code."""
    with here.mailbox() as mailbox:
        link = mailbox.wait_for_link(here.addresses[0], here.sites.signers)
        page = browser.send(browser.open(link), link, press="oui")
        page = browser.open(next(path for path in page.links if path.startswith("/convention/partie/")))
        while page.path.startswith("/convention/partie/"):
            page = browser.send(page, page.path)
        page = browser.send(page, "/convention/decision", tick=("accepte",))
        return page, mailbox.wait_for_code(here.addresses[0])


@pytest.mark.parametrize("part", ["pki", "s3"])
def test_a_signature_given_while_something_is_down_is_finished_when_it_is_back(
    village: Callable[[int], Village], stack: Stack, part: str
) -> None:
    here = village(1)
    here.invited()
    with Browser(here.sites.signers) as browser:
        page, code = at_the_code(here, browser)
        with without(stack, part):
            page = browser.send(page, "/convention/code", {"code": code})
            assert page.path == "/convention/en-cours", page.title
            assert here.agreements()[0].fact(FactKind.CONSENTED) is not None
            assert here.agreements()[0].fact(FactKind.MEMBER_SIGNED) is None
        here.resumed()
        assert browser.open("/convention/en-cours").path == "/convention/merci"
    assert here.statuses() == [Status.AWAITING_COUNTERSIGNATURE]
    signed = [entry for entry in events_of(here, here.agreements()[0].reference) if entry.event.type == "agreement.member_signed"]
    assert len(signed) == 1


def test_mails_wait_for_the_mail_server(village: Callable[[int], Village], stack: Stack) -> None:
    here = village(1)
    with without(stack, "mail"):
        here.invited()
        reference = here.agreements()[0].reference

        def tried() -> bool:
            with here.ports.registry.read() as tx:
                return any(row.attempts > 0 and row.state is OutgoingState.WAITING for row in tx.outgoing_of(reference))

        wait_until(tried, 20)
    with here.mailbox() as mailbox:
        assert mailbox.wait_for_link(here.addresses[0], here.sites.signers)


def test_orders_wait_for_the_service_and_are_given_once(village: Callable[[int], Village], stack: Stack) -> None:
    here = village(1)
    here.invited()
    here.sign_all()
    with without(stack, "receiver"):
        here.countersign()
        here.resumed()
        here.wait_for(Status.ARCHIVED, 1)
        time.sleep(1)
    here.wait_for(Status.ACTIVE, 1)
    assert sorted(orders_of(here)) == sorted(set(orders_of(here)))
    assert len(orders_of(here)) == 12


def test_a_worker_killed_again_and_again_delivers_each_order_once(village: Callable[[int], Village], stack: Stack) -> None:
    here = village(KILLED_OVER)
    here.invited()
    here.sign_all()
    stack.stop_part("worker")
    here.countersign()
    here.resumed()
    here.wait_for(Status.ARCHIVED, KILLED_OVER)
    for _ in range(KILLS):
        before = waiting_rows(here)
        assert before > 0, "nothing left to deliver: the kill would prove nothing"
        stack.start_part("worker")
        wait_until(lambda before=before: waiting_rows(here) < before, 20)  # type: ignore[misc]
        stack.stop_part("worker", by=signal.SIGKILL)
        free_leases(here)
    assert waiting_rows(here) > 0, "the last kill came after the last order"
    stack.start_part("worker")
    here.wait_for(Status.ACTIVE, KILLED_OVER)
    assert len(orders_of(here)) == len(set(orders_of(here))) == 12 * KILLED_OVER


def waiting_rows(here: Village) -> int:
    """Count the mails and orders of the village that are not delivered."""
    references = [agreement.reference for agreement in here.agreements()]
    with here.ports.registry.read() as tx:
        return sum(row.state is OutgoingState.WAITING for reference in references for row in tx.outgoing_of(reference))


def free_leases(here: Village) -> None:
    """Do what two minutes would: the rows that a dead worker held are free again."""
    references = [agreement.reference for agreement in here.agreements()]
    with here.ports.registry.write() as tx:
        for row in [row for reference in references for row in tx.outgoing_of(reference)]:
            if row.state is OutgoingState.WAITING:
                tx.update_outgoing(replace(row, leased_until=None))


def test_prefect_taken_away_is_noticed_by_nobody(village: Callable[[int], Village], stack: Stack) -> None:
    here = village(2)
    here.invited()
    stack.stop_part("flows")
    with without(stack, "prefect"):
        here.sign_all()
        assert here.statuses() == [Status.AWAITING_COUNTERSIGNATURE] * 2
        assert here.countersign() == 2
        assert here.statuses() == [Status.SEALING] * 2
    stack.start_part("flows")
    here.resumed()
    here.wait_for(Status.ACTIVE, 2)


def test_the_portal_killed_loses_nothing(village: Callable[[int], Village], stack: Stack) -> None:
    here = village(1)
    here.invited()
    with Browser(here.sites.signers) as browser:
        page, code = at_the_code(here, browser)
        stack.stop_part("portal", by=signal.SIGKILL)
        with pytest.raises(UpstreamUnavailable):
            browser.open("/convention")
        stack.start_part("portal")
        assert browser.send(page, "/convention/code", {"code": code}).path == "/convention/merci"


def test_a_part_that_dies_is_started_again_by_whoever_watches(stack: Stack) -> None:
    stack.stop_part("receiver", by=signal.SIGKILL)
    stack.keep_alive()
    assert httpx.get(stack.workspace.addresses.url("receiver") + "/health").is_success
