"""The demonstration from beginning to end: stages that are told as they go, on a stack that runs already."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Protocol

from contreseing.demonstration import people
from contreseing.demonstration.accounts import AGENT, SIGNATORY, account_of, ensure_accounts
from contreseing.demonstration.browsing import Browser
from contreseing.demonstration.members import render_member_file
from contreseing.demonstration.outputs import Outcome, StageTime, write_files, write_summary
from contreseing.demonstration.people import Sites
from contreseing.demonstration.programmes import current_programme, past_programme
from contreseing.demonstration.runs import let_runs_end
from contreseing.embedded.stack import Stack
from contreseing.programme_file import ProgrammeFile
from conventions.errors import UpstreamUnavailable, VerificationFailed
from conventions.french import paris_date
from conventions.members import Member
from conventions.ports.system import Ports
from conventions.status import Status
from conventions.steps.import_members import import_members
from conventions.steps.stamp_journal import stamp_journal

LEFT_FOR_THE_USER = 1
DAYS_TO_SIGN = 60
CAMPAIGN_WITHIN_SECONDS = 180.0
CEREMONY_WITHIN_SECONDS = 180.0
SETTLING_WITHIN_SECONDS = 180.0
LOOK_EVERY_SECONDS = 1.0
EXPECTED_TOTAL_EUR = 940_000


class Teller(Protocol):
    """Who is told of progress."""

    def begin(self, stage: str, total: int | None) -> None:
        """Begin a stage; ``total`` is how many things it does, None when nobody knows."""
        ...

    def advance(self, done: int) -> None:
        """Tell how many things of the stage are done."""
        ...

    def end(self, stage: StageTime) -> None:
        """End the stage."""
        ...


class Scenario:
    """One run; ``stages`` grows as it goes."""

    def __init__(self, stack: Stack, ports: Ports, teller: Teller, *, is_looking: bool = True) -> None:
        """Prepare; ``is_looking``: people's browsers fetch the pages' pictures, as a browser does."""
        self._stack, self._ports, self._teller, self._is_looking = stack, ports, teller, is_looking
        self.stages: list[StageTime] = []
        addresses = stack.workspace.addresses
        self._sites = Sites(addresses.url("signers"), addresses.url("desk"), addresses.url("office"), addresses.url("mailbox"))

    def run(self) -> list[Outcome]:
        """Go through every stage and return the outcomes.

        Raises:
            VerificationFailed: something is not as it must be.
            UpstreamUnavailable: something does not come in time.
        """
        file, members = self._seed()
        accounts = self._stack.workspace.read_accounts()
        with Browser(self._sites.office) as office, Browser(self._sites.desk) as desk:
            people.enter(office, account_of(accounts, AGENT))
            people.enter(desk, account_of(accounts, SIGNATORY))
            entered_at = time.monotonic()
            with self._stage("campagne", len(members)):
                people.start_campaign(office, file.programme.id, self._last_day(file))
                self._wait(office, Status.AWAITING_MEMBER, len(members), CAMPAIGN_WITHIN_SECONDS)
            signers = [member.representative_mail.address for member in members[:-LEFT_FOR_THE_USER]]
            with self._stage("signatures des membres", len(signers)):
                people.sign_all(self._sites, signers, self._counter(), is_looking=self._is_looking)
            with self._stage("examen par le vice-président", None) as count:
                count(people.review_desk(desk, self._counter(), is_looking=self._is_looking))
            with self._stage("contreseing", len(signers)):
                ceremony, listed = people.authorise(desk, account_of(accounts, SIGNATORY), entered_at)
                if listed != len(signers):
                    raise VerificationFailed(f"{listed} documents on the list instead of {len(signers)}", code="demonstration.unexpected")
                people.follow(desk, ceremony, CEREMONY_WITHIN_SECONDS, self._teller.advance)
            with self._stage("archivage et ouverture des services", len(signers)):
                self._wait(office, Status.ACTIVE, len(signers), SETTLING_WITHIN_SECONDS)
        with self._stage("horodatage du journal", None) as count:
            count(sum(head.size - head.previous_size for head in stamp_journal(self._ports)))
        with self._stage("relecture de l'archive", len(members)):
            workspace = self._stack.workspace
            outcomes = write_files(self._ports, workspace.out, workspace.part_folder("activations"))
        write_summary(self._stack.workspace.out, outcomes, self.stages)
        self._check(outcomes)
        let_runs_end(self._stack.settings.prefect_api_url)
        return outcomes

    def _seed(self) -> tuple[ProgrammeFile, Sequence[Member]]:
        ports, year = self._ports, paris_date(self._ports.clock.now()).year
        file = current_programme(year)
        with self._stage("import des membres", None) as count:
            for read in (past_programme(), file):
                with ports.registry.write() as tx:
                    tx.add_programme(read.programme)
                    for delegation in read.delegations:
                        tx.add_delegation(read.programme.id, delegation)
            members = import_members(ports, render_member_file(year), file.programme.id, AGENT).members
            workspace = self._stack.workspace
            workspace.write_accounts(ensure_accounts(ports, workspace.read_accounts(), file.delegations[0]))
            count(len(members))
        return file, members

    def _last_day(self, file: ProgrammeFile) -> date:
        return min(paris_date(self._ports.clock.now()) + timedelta(days=DAYS_TO_SIGN), file.programme.ends_on)

    def _wait(self, office: Browser, status: Status, wanted: int, within_seconds: float) -> None:
        limit = time.monotonic() + within_seconds
        while True:
            counts = Counter(str(item["status"]) for item in people.agreements(office))
            self._teller.advance(min(counts[status], wanted))
            if counts[status] >= wanted:
                return
            if time.monotonic() > limit:
                raise UpstreamUnavailable(f"after {within_seconds:.0f} s: {dict(counts)}", code="demonstration.too_long")
            self._stack.keep_alive()
            time.sleep(LOOK_EVERY_SECONDS)

    def _counter(self) -> Callable[[], None]:
        done = 0

        def count() -> None:
            nonlocal done
            done += 1
            self._teller.advance(done)

        return count

    @contextmanager
    def _stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        begun, counted = time.monotonic(), total or 0

        def count(number: int) -> None:
            nonlocal counted
            counted = number

        self._teller.begin(name, total)
        yield count
        ended = StageTime(name, time.monotonic() - begun, counted)
        self.stages.append(ended)
        self._teller.end(ended)

    def _check(self, outcomes: Sequence[Outcome]) -> None:
        counts = Counter(outcome.status for outcome in outcomes)
        total = sum(outcome.contribution_eur for outcome in outcomes)
        expected = {Status.ACTIVE: len(outcomes) - LEFT_FOR_THE_USER, Status.AWAITING_MEMBER: LEFT_FOR_THE_USER}
        if counts != expected or total != EXPECTED_TOTAL_EUR:
            raise VerificationFailed(f"{total} EUR and {dict(counts)}", code="demonstration.unexpected")
