"""A town of members on real parts, and its people: they act by the steps alone and read their mails in the mail catcher."""

from __future__ import annotations

import csv
import io
import itertools
import re
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pyotp

from contreseing.credentials import TOTP_STEP_SECONDS
from contreseing.demonstration.members import render_member_file
from contreseing.demonstration.programmes import current_programme
from conventions.accounts import Account, Role
from conventions.agreements import Agreement
from conventions.ceremonies import Authorisation, HowShown, Mark
from conventions.french import paris_date
from conventions.kinds import Kind
from conventions.member_columns import COLUMNS
from conventions.ports.system import Ports
from conventions.siret import fictitious_siret
from conventions.status import Status, status_of
from conventions.steps import (
    authorise,
    deliver,
    desk,
    draft,
    open_campaign,
    open_link,
    read_model,
    read_page,
    resume,
    review,
    send_code,
    sign,
    sign_in,
)
from conventions.steps.import_members import import_members
from conventions.views import SignerView
from conventions.visitors import Visitor
from tests.integration.steps.ground import Ground

RANKS = itertools.count(2_000)
CAMPAIGN = "essai"
PASSWORD = "mot de passe d'essai"
BROWSER = Visitor("192.0.2.7", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)")
LINK = re.compile(r"/s/([A-Za-z0-9._~-]{20,})")
CODE = re.compile(r"code de signature\s*:\s*([0-9]{3})[\s\u00a0\u202f]?([0-9]{3})")
LAST_STEPS: dict[str, int] = {}


class Town:
    """People on one ground. A town is opened once; other processes and later lives look at it through ports of their own."""

    def __init__(self, ports: Ports, ground: Ground) -> None:
        self.ports, self.ground, self.login = ports, ground, "vp"
        self.year = paris_date(ports.clock.now()).year
        self.programme_id = current_programme(self.year).programme.id

    # the office
    def open(self, rows: slice = slice(10, 11), **changes: str) -> None:
        """Add the programme and the signatory, import rows of the demonstration's file (``changes`` in each), open the campaign."""
        file = current_programme(self.year)
        password_hash, sealed = self.ports.credentials.hash_password(PASSWORD), self.ports.credentials.seal_totp(self.ground.totp_secret)
        with self.ports.registry.write() as tx:
            tx.add_programme(file.programme)
            tx.add_delegation(file.programme.id, file.delegations[0])
            role, delegation_id = (Role.SIGNATORY,), file.delegations[0].id
            tx.add_account(Account("vp", "vp", "Vice-Président", role, password_hash, sealed, delegation_id=delegation_id))
        import_members(self.ports, self.member_file(rows, changes), file.programme.id, "agent")
        deadline = self.ports.clock.now() + timedelta(days=30)
        open_campaign.open_campaign(
            self.ports, file.programme.id, Kind.CONVENTION, deadline, "agent", demonstration=True, campaign_id=CAMPAIGN
        )

    def member_file(self, rows: slice, changes: Mapping[str, str]) -> str:
        """Render rows of the demonstration's file under numbers and addresses of nobody else."""
        output = io.StringIO()
        writer = csv.DictWriter(output, COLUMNS)
        writer.writeheader()
        for row in list(csv.DictReader(io.StringIO(render_member_file(self.year))))[rows]:
            rank = next(RANKS)
            own = {
                "siret": fictitious_siret(rank),
                "representative_email": f"representant.{rank}@membre-{rank}.invalid",
                "second_email": f"dgs@membre-{rank}.invalid",
            }
            writer.writerow({**row, **own, **changes})
        return output.getvalue()

    def drafted(self) -> list[str]:
        """Draft every agreement of the campaign."""
        return [draft.draft(self.ports, CAMPAIGN, member_id) for member_id in draft.members_to_draft(self.ports, CAMPAIGN)]

    def invited(self) -> str:
        """Take the only member as far as its invitation."""
        (reference,) = self.drafted()
        resume.resume(self.ports)
        self.deliver()
        return reference

    def agreement(self, reference: str) -> Agreement:
        """Read an agreement."""
        with self.ports.registry.read() as tx:
            return tx.agreement(reference)

    def status(self, reference: str) -> Status:
        """Compute an agreement's status now."""
        return status_of(self.agreement(reference), self.ports.clock.now())

    def deliver(self) -> None:
        """Be the worker until nothing is due."""
        while deliver.deliver_due(self.ports):
            pass

    # mails and orders
    def address(self, reference: str) -> str:
        """Return the representative's address."""
        with self.ports.registry.read() as tx:
            return tx.member(tx.agreement(reference).member_id).representative_mail.address

    def mails(self, address: str) -> list[dict[str, Any]]:
        """List the mails that an address received, newest first, with their attachments."""
        with httpx.Client(base_url=self.ground.mailbox, trust_env=False) as mailbox:
            listed = mailbox.get("/api/messages", params={"to": address}).raise_for_status().json()
            return [mailbox.get(f"/api/messages/{mail['id']}").raise_for_status().json() for mail in listed]

    def attachment(self, mail: Mapping[str, Any]) -> bytes:
        """Save the only file joined to a mail."""
        (part,) = mail["attachments"]
        return httpx.get(self.ground.mailbox + part["href"], trust_env=False).raise_for_status().content

    def read(self, address: str, pattern: re.Pattern[str]) -> str:
        """Read a link or a code in the last mail that holds one."""
        found = next(match for mail in self.mails(address) if (match := pattern.search(mail["text"])))
        return "".join(found.groups())

    def orders(self, siret: str) -> list[dict[str, Any]]:
        """List the orders that the services received for one member; their signatures were checked there."""
        received = httpx.get(self.ground.receiver + "/activations", trust_env=False).raise_for_status().json()["activations"]
        return [item for item in received if item["body"]["order"]["siret"] == siret]

    # the member
    def visit(self, reference: str) -> str:
        """Open the link of the last mail and return the visit's cookie."""
        return open_link.open_link(self.ports, self.read(self.address(reference), LINK), BROWSER).cookie

    def sign(self, reference: str) -> SignerView:
        """Read everything, ask for a code, read it in its mail, sign."""
        cookie = self.visit(reference)
        view = read_page.read_page(self.ports, cookie, 1, "picture")
        for part in view.parts_left:
            view = read_page.read_page(self.ports, cookie, part.number, "text")
        send_code.send_code(self.ports, cookie)
        self.deliver()
        code = self.read(self.address(reference), CODE)
        return sign.sign(self.ports, cookie, code, accepted=True, document_sha256=view.document_sha256)

    # the Vice-President
    def totp(self) -> str:
        """Return a code that was not used yet, waiting for the next one when it must; a step of drift is accepted."""
        place = self.ground.totp_secret
        while True:
            step = int(self.ports.clock.now().timestamp()) // TOTP_STEP_SECONDS
            free = [candidate for candidate in (step - 1, step, step + 1) if candidate > LAST_STEPS.get(place, 0)]
            if free:
                LAST_STEPS[place] = free[0]
                return pyotp.TOTP(self.ground.totp_secret).generate_otp(free[0])
            time.sleep(0.2)

    def at_desk(self) -> str:
        """Sign in as the Vice-President and return the cookie."""
        return sign_in.sign_in(self.ports, self.login, PASSWORD, self.totp()).cookie

    def authorise(self, *references: str, cookie: str | None = None) -> Authorisation:
        """Open everything on the desk, mark it ready, and authorise, in a session begun already or in a new one."""
        cookie = cookie or self.at_desk()
        for item in desk.desk(self.ports, cookie).items:
            review.review(self.ports, cookie, item.reference, Mark.READY, HowShown.OPENED)
        for model in desk.desk(self.ports, cookie).unread_models:
            read_model.read_model(self.ports, cookie, model.wording_id, model.sha256)
        return authorise.authorise(self.ports, cookie, references, self.totp())
