"""Legal hold: nobody can delete what is held, whatever its lock says; and longer locks, never shorter."""

from __future__ import annotations

from datetime import datetime

from conventions.errors import InputRefused, NotFound, RuleRefused
from conventions.holding import HELD, LET_GO, is_held
from conventions.ports.registry import ArchiveEntry
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.steps.keep_actors import actor_entries
from conventions.steps.keep_trail import events_of

EXTENDED = "archive.lock_extended"
MIN_REASON_CHARACTERS = 10


def hold(ports: Ports, reference: str, reason: str, by: str) -> int:
    """Hold every object of a folder; return how many. What enters it later is held as it comes.

    Raises:
        InputRefused: the reason is no reason.
        NotFound: nothing is archived under that reference; or ``archive.not_copied``: one of two stores lacks an object.
        UpstreamUnavailable: some objects may not be held yet; do it again.
    """
    return _change(ports, reference, HELD, reason, by, held=True)


def let_go(ports: Ports, reference: str, reason: str, by: str) -> int:
    """End the hold of a folder; return how many objects. Again after an interruption: what was left held is let go.

    Raises:
        RuleRefused: nothing there is held.
        InputRefused, NotFound, UpstreamUnavailable: as ``hold``.
    """
    with ports.registry.read() as tx:
        entries, events = tx.archive_entries(reference), list(events_of(tx, reference))
    standing = [entry.key for entry in entries if entry.completed_at is not None]
    if standing and not is_held(events) and not any(ports.archive.has_legal_hold(key) for key in standing):
        raise RuleRefused(f"{reference} is not held", code="archive.not_held", reference=reference)
    return _change(ports, reference, LET_GO, reason, by, held=False)


def extend_locks(ports: Ports, reference: str, until: datetime, reason: str, by: str) -> int:
    """Make every lock of a folder last until an instant; return how many were shorter.

    Those of the records that its agreement shares with others (``actors/``) follow: without them it could not be rebuilt.

    Raises:
        RuleRefused: every lock lasts longer already: a lock is never shortened.
        InputRefused, NotFound, UpstreamUnavailable: as ``hold``.
    """
    entries = _standing(ports, reference, reason)
    with ports.registry.read() as tx:
        shared = [entry for entry in actor_entries(tx, reference) if entry.retain_until < until]
    shorter = [entry for entry in entries if entry.retain_until < until]
    if not shorter and not shared:
        raise RuleRefused(f"the locks of {reference} last until {until} already", code="archive.lock_shorter", reference=reference)
    _tell(ports, reference, EXTENDED, reason, by, {"until": until.isoformat()})
    for entry in (*shared, *shorter):
        ports.archive.extend_lock(entry.key, until)
        with ports.registry.write() as tx:
            tx.extend_archive_entry(entry.key, until)
    return len(shorter)


def _change(ports: Ports, reference: str, decision: str, reason: str, by: str, *, held: bool) -> int:
    _standing(ports, reference, reason)
    _tell(ports, reference, decision, reason, by, {})
    entries = _standing(ports, reference, reason)  # what came since: what comes from now on sees the decision
    for entry in entries:
        ports.archive.set_legal_hold(entry.key, held=held)
    return len(entries)


def _standing(ports: Ports, reference: str, reason: str) -> list[ArchiveEntry]:
    if len(reason.strip()) < MIN_REASON_CHARACTERS:
        raise InputRefused("a reason is needed", code="archive.reason", least=MIN_REASON_CHARACTERS)
    with ports.registry.read() as tx:
        entries = [entry for entry in tx.archive_entries(reference) if entry.completed_at is not None]
    if not entries:
        raise NotFound(f"nothing is archived under {reference}", code="archive.no_folder", reference=reference)
    return entries


def _tell(ports: Ports, reference: str, decision: str, reason: str, by: str, data: dict[str, str]) -> None:
    with ports.registry.write() as tx:
        record_event(
            ports, tx, decision, at=ports.clock.now(), reference=reference, data=data, personal={"reason": reason.strip(), "by": by}
        )
