"""What a run leaves for an agent to read, in French: the states of its agreements, and what failed and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from conventions.agreements import Agreement
from conventions.french import NO_BREAK, format_date, paris_date
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.sentences import STATUS_LABELS, status_label
from conventions.status import Status, status_of
from flows.chunks import chunks
from flows.history import reason, step_name
from flows.names import ATTENTION_TAG, TRACKER_STATES, agreement_address, campaign_stage_tag, runs_address, stage_tag

READ_AT_ONCE = 200
NO_BREAK_HYPHEN = "\u2011"
LISTED = 200
"""Lines of a table beyond which it is cut, and says so."""

NEEDING_SOMEBODY = frozenset({Status.QUARANTINED, Status.RETURNED, Status.DECLINED})
"""Statuses that an agent must look at, whatever failed."""


@dataclass(frozen=True)
class Trouble:
    """One agreement that needs a person: since when, which step, why (a code, or a status)."""

    reference: str
    organisation: str
    step: str
    why: str
    since: datetime


@dataclass
class Standing:
    """Where agreements stand: how many in each status, and those that need a person."""

    counts: Counter[Status] = field(default_factory=Counter)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def references(self) -> frozenset[str]:
        """The agreements that need a person."""
        return frozenset(trouble.reference for trouble in self.troubles)

    @property
    def total(self) -> int:
        """How many agreements were counted."""
        return sum(self.counts.values())


def campaign_standing(ports: Ports, campaign_id: str | None) -> Standing:
    """Read where a campaign stands, or all campaigns when None."""
    standing, after = Standing(), ""
    while True:
        with ports.registry.read() as tx:
            page = tx.agreements(campaign_id=campaign_id, after=after, limit=READ_AT_ONCE)
            _add(standing, tx, page, ports.clock.now())
        if not page:
            return standing
        after = page[-1].reference


def standing_of(ports: Ports, references: Sequence[str]) -> Standing:
    """Read where some agreements stand."""
    standing = Standing()
    for part in chunks(references, READ_AT_ONCE):
        with ports.registry.read() as tx:
            _add(standing, tx, tx.agreements_named(part), ports.clock.now())
    return standing


def _add(standing: Standing, tx: Transaction, agreements: Sequence[Agreement], now: datetime) -> None:
    for agreement in agreements:
        status = status_of(agreement, now)
        standing.counts[status] += 1
        trouble = trouble_of(tx, agreement, status)
        if trouble is not None:
            standing.troubles.append(trouble)


def render_states(standing: Standing, campaign_id: str | None) -> str:
    """Render the table of states (Markdown), each line linked to its trackers."""
    lines = ["| État | Dans Prefect | Conventions |", "|---|---|---:|"]
    for status in Status:
        count = standing.counts[status]
        if count:
            tag = stage_tag(status) if campaign_id is None else campaign_stage_tag(campaign_id, status)
            lines.append(f"| [{STATUS_LABELS[status]}]({runs_address(tag)}) | {TRACKER_STATES[status].name} | {count} |")
    lines.append(f"| **Total** | | **{standing.total}** |")
    return "\n".join(lines)


def render_troubles(troubles: Sequence[Trouble], office: str) -> str:
    """Render what needs a person (Markdown): which agreement, which step, why, since when."""
    if not troubles:
        return "Rien n’attend une personne."
    lines = ["| Référence | Membre | Étape | Motif | Depuis |", "|---|---|---|---|---|"]
    for trouble in troubles[:LISTED]:
        since = format_date(paris_date(trouble.since))
        cells = (render_link(trouble.reference, office), _cell(trouble.organisation), trouble.step, _cell(trouble.why), since)
        lines.append(f"| {' | '.join(cells)} |")
    if len(troubles) > LISTED:
        lines += ["", f"{len(troubles) - LISTED} autres : voir [toute la liste]({runs_address(ATTENTION_TAG)})."]
    return "\n".join(lines)


def render_link(reference: str, office: str) -> str:
    """Render a reference, kept on one line, with its address in the office (Markdown)."""
    return f"[{reference.replace('-', NO_BREAK_HYPHEN)}]({agreement_address(office, reference)})"


def render_report(title: str, standing: Standing, office: str, campaign_id: str | None, notes: Iterable[str] = ()) -> str:
    """Render a run's report (Markdown): notes, states, and what needs a person."""
    parts = [f"# {title}", *notes, "## Où en sont les conventions", render_states(standing, campaign_id)]
    parts += [f"## À regarder{NO_BREAK}: {len(standing.troubles)}", render_troubles(standing.troubles, office)]
    return "\n\n".join(parts) + "\n"


def artifact_key(*words: str) -> str:
    """Return an artifact's key: lower-case letters, digits and hyphens, as Prefect asks."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")


def trouble_of(tx: Transaction, agreement: Agreement, status: Status) -> Trouble | None:
    """Tell whether an agreement needs a person, and why."""
    failure = agreement.failure
    if failure is None and status not in NEEDING_SOMEBODY:
        return None
    organisation = tx.member(agreement.member_id).name
    if failure is not None:
        return Trouble(agreement.reference, organisation, step_name(failure.step), reason(failure.code), failure.at)
    return Trouble(agreement.reference, organisation, "", status_label(status, agreement.kind), agreement.facts[-1].at)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
