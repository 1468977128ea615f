"""One in-memory world: every port faked, one programme, its members, delegation and accounts, and people who act in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from conventions.accounts import Account, Role
from conventions.agreements import Agreement, Campaign
from conventions.ceremonies import Authorisation, HowShown, Mark
from conventions.kinds import Kind
from conventions.members import Member
from conventions.outgoing import Template
from conventions.ports.system import Ports, Rules
from conventions.siret import fictitious_siret
from conventions.status import Status, status_of
from conventions.steps import (
    archive,
    countersign,
    deliver,
    desk,
    draft,
    invite,
    open_campaign,
    open_link,
    prepare,
    read_model,
    read_page,
    review,
    send_code,
    sign,
    sign_in,
)
from conventions.steps import authorise as authorise_step
from conventions.views import SignerView
from conventions.visitors import Visitor
from tests.builders import example_delegation, example_member, example_programme
from tests.fakes.credentials import FakeCredentials
from tests.fakes.delivery import FakeActivation, FakeMailer
from tests.fakes.documents import FakeDocuments
from tests.fakes.registry import FakeRegistry
from tests.fakes.signing import FakeSigning
from tests.fakes.stores import FakeArchive, FakeWorkingStore
from tests.fakes.system import FakeClock, FakeSecrets, FakeVerifier, FakeWaker
from tests.fakes.timestamps import FakeTimestamps

PASSWORD = "mot de passe de démonstration"
CAMPAIGN = "essai-2026"
BROWSER = Visitor("192.0.2.7", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)")


@dataclass
class World:
    """Fakes by name, and the ports that hold them."""

    clock: FakeClock = field(default_factory=FakeClock)
    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    credentials: FakeCredentials = field(default_factory=FakeCredentials)

    def __post_init__(self) -> None:
        self.working = FakeWorkingStore(self.registry)
        self.archive = FakeArchive(self.registry)
        self.documents = FakeDocuments(self.registry)
        self.signing = FakeSigning(self.clock, self.registry)
        self.timestamps = FakeTimestamps(self.clock, self.registry)
        self.mailer = FakeMailer(self.registry)
        self.activation = FakeActivation(self.registry)
        self.waker = FakeWaker(self.registry)
        self.rules = Rules(
            lock_years=10,
            sites={"signers": "http://signataires.invalid", "desk": "http://parapheur.invalid", "office": "http://gestion.invalid"},
            help_telephone="02 99 00 00 00",
            agents_mail="agents@ker-niverel.invalid",
            demonstration=True,
        )
        self.ports = Ports(
            self.clock,
            self.secrets,
            self.registry,
            self.working,
            self.archive,
            self.documents,
            self.signing,
            self.timestamps,
            self.mailer,
            self.activation,
            self.credentials,
            self.waker,
            FakeVerifier(),
            self.rules,
        )
        self.programme = example_programme()
        self.delegation = example_delegation()
        with self.registry.write() as tx:
            tx.add_programme(self.programme)
            tx.add_delegation(self.programme.id, self.delegation)
            for role in Role:
                holds = self.delegation.id if role in {Role.SIGNATORY, Role.ASSISTANT} else None
                tx.add_account(
                    Account(
                        f"a-{role}",
                        role.value,
                        role.value.capitalize(),
                        (role,),
                        self.credentials.hash_password(PASSWORD),
                        self.credentials.seal_totp(role.value),
                        delegation_id=holds,
                    )
                )

    # members and campaign
    def add_member(self, rank: int = 14, **changes: object) -> Member:
        """Add a member with its own SIRET and address; keywords replace fields."""
        base = example_member()
        siret = fictitious_siret(rank)
        mail = replace(base.representative_mail, address=f"representant{rank}@membre.invalid")
        member = replace(base, id=siret, siret=siret, name=f"{base.name} {rank}", representative_mail=mail)
        member = replace(member, **changes)  # type: ignore[arg-type]
        with self.registry.write() as tx:
            tx.add_member(member)
        return member

    def open_campaign(self, days: int = 60, campaign_id: str = CAMPAIGN) -> Campaign:
        """Open a campaign of conventions, the one of the tests by default."""
        deadline = self.clock.now() + timedelta(days=days)
        return open_campaign.open_campaign(
            self.ports, self.programme.id, Kind.CONVENTION, deadline, "agent", demonstration=True, campaign_id=campaign_id
        )

    def invited(self, rank: int = 14, **changes: object) -> str:
        """Take one member as far as its invitation, mail delivered; return the reference."""
        member = self.add_member(rank, **changes)
        self.open_campaign()
        reference = draft.draft(self.ports, CAMPAIGN, member.id)
        prepare.prepare(self.ports, reference)
        invite.invite(self.ports, reference)
        self.deliver()
        return reference

    def member_signed(self, rank: int = 14, **changes: object) -> str:
        """Take one member as far as its own signature; return the reference."""
        reference = self.invited(rank, **changes)
        self.sign(reference)
        return reference

    def countersigned(self, rank: int = 14, **changes: object) -> str:
        """Take one member as far as both signatures; return the reference."""
        reference = self.member_signed(rank, **changes)
        countersign.countersign(self.ports, self.authorise(reference).id)
        return reference

    def archived(self, rank: int = 14, **changes: object) -> str:
        """Take one member as far as the archive; return the reference."""
        reference = self.countersigned(rank, **changes)
        archive.archive(self.ports, reference)
        return reference

    def agreement(self, reference: str) -> Agreement:
        """Read an agreement."""
        with self.registry.read() as tx:
            return tx.agreement(reference)

    def status(self, reference: str) -> Status:
        """Compute an agreement's status now."""
        return status_of(self.agreement(reference), self.clock.now())

    def deliver(self) -> None:
        """Run the worker until nothing is due."""
        while deliver.deliver_due(self.ports):
            pass

    # the signer
    def token(self, reference: str) -> str:
        """Read the last link out of the mails, as its addressee would."""
        notice = next(
            n
            for n in reversed(self.mailer.sent)
            if n.template in {Template.INVITATION, Template.DATA_REQUEST} and reference in n.values["title"]
        )
        return notice.values["link"].rsplit("/", 1)[1]

    def code(self) -> str:
        """Read the last code out of the mails."""
        notice = next(n for n in reversed(self.mailer.sent) if n.template is Template.CODE)
        return notice.values["code"]

    def visit(self, reference: str) -> str:
        """Open the link and return the visit's cookie."""
        return open_link.open_link(self.ports, self.token(reference), BROWSER).cookie

    def read_all(self, cookie: str) -> SignerView:
        """Turn every part."""
        read_page.read_page(self.ports, cookie, 1, "picture")
        read_page.read_page(self.ports, cookie, 2, "picture")
        return read_page.read_page(self.ports, cookie, 3, "picture")

    def ask_code(self, cookie: str) -> str:
        """Ask for a code and read it in the mail."""
        send_code.send_code(self.ports, cookie)
        self.deliver()
        return self.code()

    def sign(self, reference: str) -> SignerView:
        """Read and sign, from the mail to the end."""
        cookie = self.visit(reference)
        view = self.read_all(cookie)
        code = self.ask_code(cookie)
        return sign.sign(self.ports, cookie, code, accepted=True, document_sha256=view.document_sha256)

    # the office
    def totp(self, role: Role) -> str:
        """Return the role's TOTP code now."""
        return self.credentials.code_at(self.credentials.seal_totp(role.value), self.clock.now())

    def session(self, role: Role) -> str:
        """Sign in; the clock advances before and after, so that each code is a fresh one."""
        self.clock.advance(timedelta(seconds=60))
        cookie = sign_in.sign_in(self.ports, role.value, PASSWORD, self.totp(role)).cookie
        self.clock.advance(timedelta(seconds=60))
        return cookie

    def authorise(self, *references: str, cookie: str | None = None) -> Authorisation:
        """Open what must be opened, mark all ready, and authorise."""
        cookie = cookie or self.session(Role.SIGNATORY)
        for item in desk.desk(self.ports, cookie).items:
            review.review(self.ports, cookie, item.reference, Mark.READY, HowShown.OPENED)
        self.read_models(cookie)
        self.clock.advance(timedelta(seconds=60))
        return authorise_step.authorise(self.ports, cookie, references, self.totp(Role.SIGNATORY))

    def read_models(self, cookie: str) -> None:
        """Read each model that the desk asks to read."""
        for model in desk.desk(self.ports, cookie).unread_models:
            read_model.read_model(self.ports, cookie, model.wording_id, model.sha256)
