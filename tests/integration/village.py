"""A small village of members on the shared stack, and the Vice-President's phone."""

from __future__ import annotations

import csv
import io
import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from contreseing.credentials import TOTP_STEP_SECONDS
from contreseing.demonstration import people
from contreseing.demonstration.accounts import DemonstrationAccount
from contreseing.demonstration.browsing import Browser, Mailbox
from contreseing.demonstration.members import render_member_file
from contreseing.demonstration.people import Sites
from contreseing.demonstration.programmes import current_programme
from contreseing.embedded.stack import Stack
from conventions.agreements import Agreement, Campaign
from conventions.french import paris_date
from conventions.kinds import Kind
from conventions.member_columns import COLUMNS
from conventions.ports.system import Ports
from conventions.siret import fictitious_siret
from conventions.status import Status, status_of
from conventions.steps.draft import draft
from conventions.steps.import_members import import_members
from conventions.steps.open_campaign import open_campaign
from conventions.steps.resume import resume, standing

RANKS = itertools.count(200)
NUMBERS = itertools.count(1)


class Phone:
    """The signatory's application: gives a code that was not used yet, waiting for the next one when it must."""

    def __init__(self, account: DemonstrationAccount) -> None:
        self.account = account
        self._last_step = 0

    def code(self) -> str:
        """Return a fresh code; one step of drift is accepted, on either side."""
        while True:
            step = int(time.time()) // TOTP_STEP_SECONDS
            free = [candidate for candidate in (step - 1, step, step + 1) if candidate > self._last_step]
            if free:
                self._last_step = free[0]
                return pyotp.TOTP(self.account.totp_secret).generate_otp(free[0])
            time.sleep(0.2)


class Village:
    """A programme of its own with a few members, on the shared stack."""

    def __init__(self, stack: Stack, ports: Ports, phone: Phone, size: int) -> None:
        self.stack, self.ports, self._phone = stack, ports, phone
        addresses = stack.workspace.addresses
        self.sites = Sites(addresses.url("signers"), addresses.url("desk"), addresses.url("office"), addresses.url("mailbox"))
        year = paris_date(ports.clock.now()).year
        file, number = current_programme(year), next(NUMBERS)
        self.programme = replace(file.programme, id=f"essai-{number}", name=f"Programme d'essai {number}")
        self.campaign_id = f"campagne-{number}"
        self.addresses: list[str] = []
        with ports.registry.write() as tx:
            tx.add_programme(self.programme)
            delegation = replace(file.delegations[0], id=f"delegation-{number}")
            tx.add_delegation(self.programme.id, delegation)
        self.members = {member.id for member in import_members(ports, self._member_file(year, size), self.programme.id, "agent").members}

    def _member_file(self, year: int, size: int) -> str:
        rows = list(csv.DictReader(io.StringIO(render_member_file(year))))
        output = io.StringIO()
        writer = csv.DictWriter(output, COLUMNS)
        writer.writeheader()
        for row in rows[10 : 10 + size]:
            rank = next(RANKS)
            address = f"representant.{rank}@membre-{rank}.invalid"
            self.addresses.append(address)
            changes = {"siret": fictitious_siret(rank), "representative_email": address, "second_email": f"dgs@membre-{rank}.invalid"}
            writer.writerow({**row, **changes})
        return output.getvalue()

    def open_campaign(self) -> None:
        """Start the campaign, as the office does."""
        deadline = datetime.now(UTC) + timedelta(days=30)
        open_campaign(self.ports, self.programme.id, Kind.CONVENTION, deadline, "agent", demonstration=True, campaign_id=self.campaign_id)

    def agreements(self) -> list[Agreement]:
        """List the agreements of the village's own members."""
        with self.ports.registry.read() as tx:
            return [item for item in tx.agreements(campaign_id=self.campaign_id) if item.member_id in self.members]

    def statuses(self) -> list[Status]:
        """List their statuses."""
        return [status_of(agreement, self.ports.clock.now()) for agreement in self.agreements()]

    def wait_for(self, status: Status, count: int, seconds: float = 150) -> None:
        """Wait until that many agreements have a status."""
        wait_until(lambda: self.statuses().count(status) == count, seconds, lambda: f"{self.statuses()}")

    def invited(self) -> None:
        """Take everybody as far as the invitation, by the steps alone: no flow is asked for."""
        now = self.ports.clock.now()
        with self.ports.registry.write() as tx:
            deadline = now + timedelta(days=30)
            tx.add_campaign(Campaign(self.campaign_id, self.programme.id, Kind.CONVENTION, now, "agent", deadline, demonstration=True))
        for member_id in sorted(self.members):
            draft(self.ports, self.campaign_id, member_id)
        self.resumed()
        assert self.statuses() == [Status.AWAITING_MEMBER] * len(self.addresses), f"{self.statuses()}"

    def resumed(self, seconds: float = 150) -> None:
        """Take the sweep's step until nothing of the village stands still."""

        def is_at_rest() -> bool:
            if standing(self.ports, self.campaign_id):
                resume(self.ports)
            return not standing(self.ports, self.campaign_id)

        wait_until(is_at_rest, seconds, lambda: str(standing(self.ports, self.campaign_id)))

    def sign_all(self) -> None:
        """Have everybody sign through the portal."""
        people.sign_all(self.sites, self.addresses, lambda: None, is_looking=False)

    def mailbox(self) -> Mailbox:
        """Open the mailbox."""
        return Mailbox(self.sites.mailbox)

    def countersign(self) -> int:
        """Be the Vice-President: review what must be, authorise the whole desk; return how many of ours were on the list."""
        with Browser(self.sites.desk) as desk:
            page = desk.open("/connexion")
            account = self._phone.account
            values = {"identifiant": account.login, "mot-de-passe": account.password, "code": self._phone.code()}
            desk.send(page, "/connexion", values)
            people.review_desk(desk, lambda: None, is_looking=False)
            page = desk.open("/ceremonie")
            listed = page.form("/ceremonie").fields["references"].split()
            desk.send(page, "/ceremonie", {"code": self._phone.code()})
            return len({agreement.reference for agreement in self.agreements()} & set(listed))


def wait_until(is_so: Callable[[], bool], seconds: float, told: Callable[[], str] = lambda: "") -> None:
    """Wait, or fail saying where it stands."""
    limit = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > limit:
            pytest.fail(f"not so after {seconds} s: {told()}")
        time.sleep(0.1)
