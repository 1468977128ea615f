"""What the registry says of each tracker: what is shown, what should be, and which agreements differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from conventions.agreements import Agreement
from conventions.errors import NotFound
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.sentences import status_label
from conventions.status import Status, status_of
from flows.chunks import chunks
from flows.history import INFORMATION, HistoryLine, failure_line, failure_sentence, history_lines
from flows.names import TrackerState, agreement_address, tracker_state, tracker_tags

LARGEST_AUTO_CAMPAIGN = 2_000
"""Agreements beyond which ``auto`` shows no trackers: the campaign's table is always there."""

READ_AT_ONCE = 200


class Trackers(StrEnum):
    """Whether each agreement is shown by a tracker of its own."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True)
class Shown:
    """What a tracker shows: the status, the failed step and its code if any, and how many facts its history tells.

    ``is_sure`` is False from before Prefect is told until after it answered.
    """

    status: str = ""
    flag: str = ""
    facts: int = 0
    is_sure: bool = True

    @classmethod
    def parse(cls, text: str | None) -> Shown:
        """Read what the registry noted; an unreadable note is one that shows nothing for sure."""
        parts = (text or "").removeprefix("?").split("|")
        if text is None or len(parts) != 3 or not parts[2].isdigit():  # noqa: PLR2004 status, flag, facts
            return cls(is_sure=text is None)
        return cls(parts[0], parts[1], int(parts[2]), is_sure=not text.startswith("?"))

    def render(self) -> str:
        """Write it as the registry keeps it."""
        return f"{'' if self.is_sure else '?'}{self.status}|{self.flag}|{self.facts}"


@dataclass(frozen=True)
class Row:
    """An agreement whose tracker must change, all that is needed to change it."""

    agreement: Agreement
    status: Status
    organisation: str
    before: Shown
    run_id: str | None

    @property
    def reference(self) -> str:
        """The agreement's reference."""
        return self.agreement.reference

    @property
    def wanted(self) -> Shown:
        """What the tracker must show."""
        failure = self.agreement.failure
        return Shown(self.status.value, f"{failure.step}:{failure.code}" if failure is not None else "", len(self.agreement.facts))

    @property
    def state(self) -> TrackerState:
        """The tracker's state."""
        return tracker_state(self.status, self.agreement.failure)

    @property
    def shows_its_state(self) -> bool:
        """Whether the tracker is known to bear the right state, so that only its history grows."""
        return self.before.is_sure and (self.before.status, self.before.flag) == (self.wanted.status, self.wanted.flag)

    @property
    def message(self) -> str:
        """The sentence beside the state."""
        failure = self.agreement.failure
        return failure_sentence(failure) if failure is not None else status_label(self.status, self.agreement.kind)

    @property
    def tags(self) -> list[str]:
        """The tracker's tags."""
        return tracker_tags(self.agreement.campaign_id, self.status, self.agreement.failure)

    def lines(self, office: str) -> list[HistoryLine]:
        """Return the lines of history that the tracker lacks, the first of all telling where the file is."""
        lines = history_lines(self.agreement.facts, self.before.facts)
        if self.before.facts == 0:
            first_at = self.agreement.facts[0].at - timedelta(microseconds=1)
            address = agreement_address(office, self.reference)
            lines.insert(0, HistoryLine(first_at, INFORMATION, f"{self.organisation} ; dossier complet dans la gestion : {address}"))
        failure = self.agreement.failure
        if failure is not None and self.before.flag != self.wanted.flag:
            lines.append(failure_line(failure, len(self.agreement.facts)))
        return lines


class RowReader:
    """Reads the agreements whose trackers must change, a page at a time; notes every tracker that the registry knows."""

    def __init__(self, ports: Ports, trackers: Trackers, references: Sequence[str] | None, largest_auto: int) -> None:
        self._ports, self._trackers, self._largest_auto = ports, trackers, largest_auto
        self._is_shown: dict[str, bool] = {}
        self._pages = self._all() if references is None else iter(list(chunks(list(references), READ_AT_ONCE)))
        self.known_runs: dict[str, str] = {}

    def next_rows(self) -> list[Row] | None:
        """Return the rows of the next page, perhaps none; None after the last page."""
        page = next(self._pages, None)
        if page is None:
            return None
        now = self._ports.clock.now()
        with self._ports.registry.read() as tx:
            agreements = (_found(tx, item) if isinstance(item, str) else item for item in page)
            rows = (self._row(tx, agreement, now) for agreement in agreements if agreement is not None)
            return [row for row in rows if row is not None]

    def _all(self) -> Iterator[Sequence[str | Agreement]]:
        with self._ports.registry.read() as tx:
            campaigns = [campaign.id for campaign in tx.campaigns()]
        for campaign_id in campaigns:
            after = ""
            while True:
                with self._ports.registry.read() as tx:
                    page = tx.agreements(campaign_id=campaign_id, after=after, limit=READ_AT_ONCE)
                    is_shown = bool(page) and self._shows(tx, campaign_id)
                if not is_shown:
                    break
                yield page
                after = page[-1].reference

    def _row(self, tx: Transaction, agreement: Agreement, now: datetime) -> Row | None:
        if not agreement.facts or not self._shows(tx, agreement.campaign_id):
            return None
        state = tx.shown_state(agreement.reference)
        if state.run_id is not None:
            self.known_runs[state.run_id] = agreement.reference
        before = Shown.parse(state.shown)
        organisation = tx.member(agreement.member_id).name if before.facts == 0 or state.run_id is None else ""
        row = Row(agreement, status_of(agreement, now), organisation, before, state.run_id)
        return None if row.run_id is not None and row.wanted == before else row

    def _shows(self, tx: Transaction, campaign_id: str) -> bool:
        if self._trackers is not Trackers.AUTO:
            return self._trackers is Trackers.ON
        if campaign_id not in self._is_shown:
            count = len(tx.agreements(campaign_id=campaign_id, limit=self._largest_auto + 1))
            self._is_shown[campaign_id] = count <= self._largest_auto
        return self._is_shown[campaign_id]


def _found(tx: Transaction, reference: str) -> Agreement | None:
    try:
        return tx.agreement(reference)
    except NotFound:  # a member whose agreement could not be drafted
        return None
