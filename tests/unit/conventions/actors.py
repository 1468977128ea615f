"""People, machines and what holds of them: how each acts on one in-memory world, whatever is down and whoever dies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from conventions.accounts import Role
from conventions.agreements import FactKind
from conventions.ceremonies import HowShown, Mark
from conventions.errors import (
    AlreadyRecorded,
    InputRefused,
    LinkRefused,
    NotFound,
    RuleRefused,
    SigningFailed,
    UpstreamUnavailable,
)
from conventions.outgoing import Template
from conventions.status import FINAL, Status
from conventions.steps import (
    activate,
    archive,
    authorise,
    complete_data,
    countersign,
    deliver,
    desk,
    draft,
    extend,
    invite,
    keep_member_file,
    open_link,
    redraft,
    reissue_link,
    replay,
    resume,
    return_to_member,
    review,
    send_code,
    sign,
    sign_in,
)
from tests.fakes.fuse import Fuse, Killed, fused
from tests.fakes.registry_state import State
from tests.fakes.stores import FakeArchive, FakeWorkingStore
from tests.fakes.world import BROWSER
from tests.invariants import check_agreement, check_folder_is_listed
from tests.unit.conventions.office_actors import MORE_TIME, OfficeActors, uploading_world
from tests.unit.conventions.test_member_file import ACT, REFERENT
from tests.unit.conventions.watched_activation import WatchedActivation

DOWN = UpstreamUnavailable("it does not answer")
REFUSALS = (RuleRefused, LinkRefused, InputRefused, NotFound, SigningFailed, UpstreamUnavailable)
"""What a step may answer to an actor who comes too early, too late or twice, or while something is down."""

PASSING = {"upstream.unavailable", "store.unavailable", "archive.unavailable", "registry.unavailable"}
"""Why a mail or an order may become a dead letter here: something was down for longer than the schedule lasts."""

CAMPAIGN_DAYS = 60
STEPS_BEFORE_THE_END = 15
MOST_AGREEMENTS = 3
JUMPS = {
    "a moment": timedelta(seconds=31),
    "the end of a lease": timedelta(minutes=2, seconds=1),
    "the end of a code": timedelta(minutes=10, seconds=1),
    "the end of a ceremony": timedelta(minutes=30, seconds=1),
    "an hour": timedelta(hours=1, seconds=1),
    "a day": timedelta(days=1),
    "the deadline": timedelta(days=CAMPAIGN_DAYS),
}
Visit = tuple[str, str]
MOVES = (
    "sign",
    "authorise",
    "return",
    "prepare",
    "invite",
    "reissue",
    "countersign",
    "archive",
    "activate",
    "keep",
    "redraft",
    "worker",
    "correct",
    "rename",
    "move_mailbox",
    "lift",
    "extend",
    "upload",
    "confirm",
    "refuse",
)
PAUSES = {"lease": timedelta(minutes=2, seconds=1), "ceremony": timedelta(minutes=30, seconds=1)}
TIMELY: Mapping[Status, tuple[str, ...]] = {
    Status.DRAFTED: ("prepare", "prepare", "correct"),
    Status.AWAITING_DATA: ("prepare", "worker", "correct", "reissue", "extend"),
    Status.AWAITING_MEMBER: ("sign", "sign", "reissue", "invite", "correct", "rename", "move_mailbox", "extend", "upload", "confirm"),
    Status.AWAITING_COUNTERSIGNATURE: ("authorise", "authorise", "return", "keep"),
    Status.SEALING: ("countersign", "archive", "keep"),
    Status.ARCHIVED: ("activate", "worker"),
    Status.RETURNED: ("redraft", "keep"),
    Status.DECLINED: ("redraft",),
    Status.EXPIRED: ("redraft",),
}
"""Steps worth dying in, or being interrupted in, where an agreement stands."""
INTERRUPTIONS = (
    "same",
    "resume",
    "lease",
    "ceremony",
    "database",
    "return",
    "reissue",
    "worker",
    "authorise",
    "correct",
    "rename",
    "move_mailbox",
    "redraft",
    "cancel",
    "upload",
    "confirm",
    "refuse",
)


class Actors(OfficeActors):
    """One world and those who act in it; a step is taken on ports that may die or be interrupted in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.world = uploading_world()
        self.world.activation = WatchedActivation(self.world)
        self.world.ports = replace(self.world.ports, activation=self.world.activation)
        self.steps = 0
        self.checked: State | None = None
        self.desk_cookie = ""
        self.statuses: dict[str, Status] = {}
        self.versions: dict[str, int] = {}
        self.world.open_campaign(CAMPAIGN_DAYS)

    def act(self, what: Callable[[], object], fuse: Fuse | None = None) -> object:
        """Do something; return None when it is refused, fails for now, or the process dies of its fuse."""
        sound = self.world.ports
        if fuse is not None:
            self.world.ports = fused(sound, fuse)
        try:
            return what()
        except Killed:
            return None
        except AlreadyRecorded:
            raise
        except REFUSALS:
            return None
        finally:
            self.world.ports = sound
            self.world.registry.down = False

    @contextmanager
    def all_up(self) -> Iterator[None]:
        """Look at the stores as if nothing were down."""
        stores: tuple[FakeWorkingStore | FakeArchive, ...] = (self.world.working, self.world.archive)
        were_down = [store.down for store in stores]
        for store in stores:
            store.down = False
        yield
        for store, was_down in zip(stores, were_down, strict=True):
            store.down = was_down

    def at_desk(self) -> str:
        """Return the Vice-President's session, begun anew when it is over."""
        try:
            sign_in.account_of(self.world.ports, self.desk_cookie)
        except LinkRefused:
            self.desk_cookie = self.world.session(Role.SIGNATORY)
        return self.desk_cookie

    def begun(self, stage: str, rank: int) -> str:
        """Take a new member as far as a stage while nothing is wrong."""
        if stage == "authorised":
            reference = self.world.member_signed(rank)
            self.world.authorise(reference)
            return self.known(reference)
        make: dict[str, Callable[[int], str]] = {
            "invited": self.world.invited,
            "member_signed": self.world.member_signed,
            "countersigned": self.world.countersigned,
            "archived": self.world.archived,
        }
        return self.known(make[stage](rank))

    def known(self, reference: str) -> str:
        """Follow an agreement from here on."""
        self.known_status(reference)
        return reference

    def ready_to_sign(self, reference: str) -> Visit | None:
        """Open the link, read everything and ask for a code, as far as what is up allows."""
        visit = self.opened(reference)
        if visit is not None:
            self.act(lambda: self.world.read_all(visit[1]))
            self.act(lambda: send_code.send_code(self.world.ports, visit[1]))
            self.act(lambda: deliver.deliver_due(self.world.ports))
        return visit

    def opened(self, reference: str) -> Visit | None:
        """Open the last link mailed for that agreement."""
        if not any("link" in notice.values and reference in notice.values["title"] for notice in self.world.mailer.sent):
            return None
        cookie = self.act(lambda: open_link.open_link(self.world.ports, self.world.token(reference), BROWSER).cookie)
        return (reference, cookie) if isinstance(cookie, str) else None

    def entered(self, visit: Visit, *, wrong: bool = False) -> None:
        """Enter the last code mailed for that agreement, or another one."""
        reference, cookie = visit
        codes = [n.values["code"] for n in self.world.mailer.sent if n.template is Template.CODE and reference in n.values["title"]]
        code = codes[-1] if codes else "000 000"
        if wrong:
            code = f"{(int(code.replace(' ', '')) + 1) % 1_000_000:06d}"
        sha256 = self.world.agreement(reference).required_fact(FactKind.PREPARED).text("sha256")
        sign.sign(self.world.ports, cookie, code, accepted=True, document_sha256=sha256)

    def completed(self, visit: Visit, *, knows_dates: bool = True) -> None:
        """Supply what the member's secretary was asked for; without the act's dates, it is asked for them again."""
        dates = {} if knows_dates else {"act_sent_on": "", "act_published_on": ""}
        self.act(lambda: complete_data.complete_data(self.world.ports, visit[1], {**ACT, **REFERENT, **dates}))

    def replayed(self) -> None:
        """Put every dead letter back in the outbox."""
        with self.world.registry.read() as tx:
            dead = tx.dead_letters()
        for row in dead:
            replay.replay(self.world.ports, row.id, "agent")

    def authorised(self, cookie: str) -> str:
        """Open, mark and authorise everything on the desk, with a fresh code."""
        references = [item.reference for item in desk.desk(self.world.ports, cookie).items]
        for reference in references:
            review.review(self.world.ports, cookie, reference, Mark.READY, HowShown.OPENED)
        self.world.read_models(cookie)
        self.world.clock.advance(timedelta(seconds=60))
        return authorise.authorise(self.world.ports, cookie, references, self.world.totp(Role.SIGNATORY)).id

    def countersigned(self, reference: str) -> object:
        """Carry out the last ceremony that lists the agreement."""
        authorised = self.world.agreement(reference).required_fact(FactKind.AUTHORISED)
        return countersign.countersign(self.world.ports, authorised.text("authorisation_id"))

    def returned(self, cookie: str, reference: str) -> None:
        """Send the agreement back to its member."""
        return_to_member.return_to_member(self.world.ports, cookie, reference, "Le référent a changé.")

    def timely(self, reference: str, choice: int) -> str:
        """Choose a step that makes sense where the agreement stands."""
        names = TIMELY.get(self.world.status(reference), ("resume", "worker"))
        return names[choice % len(names)]

    def move(self, name: str, reference: str) -> Callable[[], object]:
        """Get somebody ready to take a step of an agreement, and return the step itself."""
        world = self.world
        if name in {"sign", "upload"}:
            visit = self.ready_to_sign(reference)
            return lambda: (self.entered(visit) if name == "sign" else self.uploaded(*visit)) if visit is not None else None
        if name in {"authorise", "return"}:
            cookie = self.at_desk()
            return lambda: self.authorised(cookie) if name == "authorise" else self.returned(cookie, reference)
        moves: dict[str, Callable[[], object]] = {
            "prepare": lambda: resume.prepare_or_request(world.ports, reference),
            "invite": lambda: invite.invite(world.ports, reference),
            "reissue": lambda: reissue_link.reissue_link(world.ports, reference, "agent"),
            "countersign": lambda: self.countersigned(reference),
            "archive": lambda: archive.archive(world.ports, reference),
            "activate": lambda: activate.activate(world.ports, reference),
            "keep": lambda: keep_member_file.keep_member_file(world.ports, reference),
            **self.office_moves(reference),
            "resume": lambda: resume.resume(world.ports),
            "worker": lambda: deliver.deliver_due(world.ports),
        }
        return moves[name]

    def interruption(self, name: str, reference: str) -> Callable[[], object]:
        """Return what somebody else, or time, does in the middle of a step; always on sound ports."""
        sound, world = self.world.ports, self.world
        if name == "database":
            return lambda: setattr(world.registry, "down", True)
        if name in PAUSES:
            return lambda: (world.clock.advance(PAUSES[name]), self.act_inside(lambda: resume.resume(sound)))
        step = self.move(name, reference)

        def act() -> None:
            armed, world.ports = world.ports, sound
            self.act_inside(step)
            world.ports = armed

        return act

    @staticmethod
    def act_inside(what: Callable[[], object]) -> None:
        """Do something in the middle of another's step; it may be refused as well."""
        try:
            what()
        except AlreadyRecorded:
            raise
        except REFUSALS:
            return

    def pursue(self, reference: str) -> None:
        """Do what is left for people to do of one agreement."""
        world, agreement = self.world, self.world.agreement(reference)
        match world.status(reference):
            case Status.RETURNED:
                self.redrafted(reference)
            case Status.AWAITING_DATA:
                extend.extend(world.ports, reference, world.clock.now() + MORE_TIME + timedelta(days=len(agreement.facts)), "agent")
                world.deliver()
                visit = self.opened(reference)
                if visit is not None:
                    self.completed(visit)
            case Status.AWAITING_MEMBER if not self.confirmed_what_waits(reference) and self.may_still_decide(agreement):
                reissue_link.reissue_link(world.ports, reference, "agent")
                world.deliver()
                world.sign(reference)
            case Status.AWAITING_COUNTERSIGNATURE:
                self.authorised(self.at_desk())
            case _:
                pass

    def asked_again(self, reference: str, campaign_id: str) -> str | None:
        """Ask the same member by another campaign, opened when it is first needed; return its reference there, or None."""
        member_id = self.world.agreement(reference).member_id
        self.act(lambda: self.world.open_campaign(CAMPAIGN_DAYS, campaign_id))
        drafted = self.act(lambda: draft.draft(self.world.ports, campaign_id, member_id))
        return self.known(drafted) if isinstance(drafted, str) else None

    def check(self) -> None:
        """Check what holds at every moment."""
        if self.world.registry.state is self.checked:
            return
        self.checked = self.world.registry.state
        with self.all_up():
            for reference, before in self.statuses.items():
                check_agreement(self.world.ports, reference)
                version = self.versions[reference]
                status = self.known_status(reference)
                assert status is not Status.QUARANTINED
                is_reopened = before in redraft.REOPENABLE and self.world.agreement(reference).version > version
                is_superseded = (before, status) == (Status.EXPIRED, Status.SUPERSEDED)  # drafted anew by a later campaign
                is_same = status is before or is_reopened or is_superseded
                assert before not in FINAL or is_same, f"{reference}: from {before} to {status}"
                self.check_not_stale(reference)
                assert before is not Status.ACTIVE or status is Status.ACTIVE
        with self.world.registry.read() as tx:
            assert {row.last_error_code for row in tx.dead_letters()} <= PASSING
        holders = {reference: self.world.agreement(reference).member_id for reference in self.statuses}
        orders = [(holders[order.reference], order.service) for order in self.world.activation.orders.values()]
        assert len(orders) == len(set(orders)), "two orders of a service for one member"
        live = Counter(holders[reference] for reference, status in self.statuses.items() if status not in FINAL)
        assert all(count == 1 for count in live.values()), f"two live conventions of one member: {self.statuses}"

    def known_status(self, reference: str) -> Status:
        """Compute where an agreement stands, and remember it."""
        self.statuses[reference] = self.world.status(reference)
        self.versions[reference] = self.world.agreement(reference).version
        return self.statuses[reference]

    def end_well(self) -> None:
        """Bring everything back, let people do what is left for them, and check that nothing was lost."""
        world = self.world
        world.activation.failure = world.signing.failure = world.mailer.failure = None
        world.working.down = world.archive.down = False
        for reference in self.statuses:
            self.give_power(reference, is_there=True)
        for _ in range(10):
            self.replayed()
            resume.resume(world.ports)
            world.deliver()
            for reference in self.statuses:
                self.pursue(reference)
            world.clock.advance(timedelta(minutes=6))
            if all(self.known_status(reference) in FINAL | {Status.ACTIVE} for reference in self.statuses):
                break
        self.check()
        for reference, status in self.statuses.items():
            agreement = world.agreement(reference)
            assert status in FINAL | {Status.ACTIVE}, f"{reference} ends {status}"
            assert status is not Status.ACTIVE or agreement.failure is None, agreement.failure
            signed = {fact.version for fact in agreement.facts if fact.kind is FactKind.MEMBER_SIGNED}
            kept = {fact.version for fact in agreement.facts if fact.kind is FactKind.MEMBER_FILE_KEPT}
            assert signed == kept, f"{reference}: signed in versions {signed}, kept in {kept}"
            check_folder_is_listed(world.ports, reference)
        with world.registry.read() as tx:
            assert not tx.dead_letters()
