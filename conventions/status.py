"""The status of an agreement: one pure function of its facts and the clock.

Rules, in the order in which they run; the first that holds decides. All look at the current version except 1.

 1. in quarantine, not released                                     -> quarantined
 2. cancelled, declined, superseded, past its last day              -> that (the last: terminated)
 3. the programme is over                                           -> ended
 4. archived, orders made and each settled                          -> active
 5. archived                                                        -> archived
 6. returned by the Vice-President                                  -> returned
 7. last signature given, or authorised and not past the deadline   -> sealing
 8. the member has signed                                           -> awaiting_countersignature
 9. invited, not consented, no file of theirs waits for an agent,
    the deadline is past                                            -> expired
10. prepared                                                        -> awaiting_member, or awaiting_countersignature
                                                                       where the syndicate signs alone
11. data asked for and not completed                                -> awaiting_data
12. otherwise                                                       -> drafted
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from conventions.agreements import Agreement, Fact, FactKind, last_fact, service_codes
from conventions.french import paris_date


class Status(StrEnum):
    """Statuses, as used everywhere; the French label is in ``conventions.sentences``."""

    DRAFTED = "drafted"
    AWAITING_DATA = "awaiting_data"
    AWAITING_MEMBER = "awaiting_member"
    AWAITING_COUNTERSIGNATURE = "awaiting_countersignature"
    SEALING = "sealing"
    ARCHIVED = "archived"
    ACTIVE = "active"
    RETURNED = "returned"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    TERMINATED = "terminated"
    ENDED = "ended"
    QUARANTINED = "quarantined"


FINAL = frozenset({Status.DECLINED, Status.EXPIRED, Status.CANCELLED, Status.SUPERSEDED, Status.TERMINATED, Status.ENDED})
"""Statuses from which nothing more is signed."""

_CLOSING: Mapping[FactKind, Status] = MappingProxyType(
    {
        FactKind.CANCELLED: Status.CANCELLED,
        FactKind.DECLINED: Status.DECLINED,
        FactKind.SUPERSEDED: Status.SUPERSEDED,
    }
)


def status_of(agreement: Agreement, now: datetime) -> Status:
    """Compute the status at ``now`` (aware UTC) by the rules above."""
    facts, version = agreement.facts, agreement.version

    def fact(kind: FactKind) -> Fact | None:
        return last_fact(facts, kind, version)

    if _in_quarantine(facts):  # (1)
        return Status.QUARANTINED
    for kind, status in _CLOSING.items():  # (2)
        if fact(kind):
            return status
    terminated = fact(FactKind.TERMINATED)
    if terminated and paris_date(now) > date.fromisoformat(terminated.text("on")):
        return Status.TERMINATED
    drafted = fact(FactKind.DRAFTED)
    if drafted and paris_date(now) > date.fromisoformat(drafted.text("programme_ends_on")):  # (3)
        return Status.ENDED
    if fact(FactKind.ARCHIVED):  # (4), (5)
        return Status.ACTIVE if _all_settled(facts, version) else Status.ARCHIVED
    if fact(FactKind.RETURNED):  # (6)
        return Status.RETURNED
    authorised = fact(FactKind.AUTHORISED)
    is_last_given = fact(FactKind.COUNTERSIGNED) or (fact(FactKind.MEMBER_SIGNED) and not agreement.is_signed_by_syndicate)
    if is_last_given or (authorised and now <= authorised.instant("expires_at")):  # (7)
        return Status.SEALING
    if fact(FactKind.MEMBER_SIGNED):  # (8)
        return Status.AWAITING_COUNTERSIGNATURE
    invited = fact(FactKind.INVITED)
    if invited and not fact(FactKind.CONSENTED) and not _is_held(facts, version) and now > invited.instant("deadline"):  # (9)
        return Status.EXPIRED
    if fact(FactKind.PREPARED):  # (10)
        return Status.AWAITING_MEMBER if agreement.is_signed_by_member else Status.AWAITING_COUNTERSIGNATURE
    requested = fact(FactKind.DATA_REQUESTED)
    if requested and not fact(FactKind.DATA_COMPLETED):  # (11)
        return Status.AWAITING_DATA
    return Status.DRAFTED  # (12)


def _in_quarantine(facts: Sequence[Fact]) -> bool:
    held = False
    for fact in facts:
        if fact.kind is FactKind.QUARANTINED:
            held = True
        elif fact.kind is FactKind.RELEASED:
            held = False
    return held


def _is_held(facts: Sequence[Fact], version: int) -> bool:
    held, settled = (last_fact(facts, kind, version) for kind in (FactKind.UPLOAD_HELD, FactKind.UPLOAD_SETTLED))
    return held is not None and (settled is None or settled.data["number"] != held.data["number"])


def _all_settled(facts: Sequence[Fact], version: int) -> bool:
    ordered = last_fact(facts, FactKind.ORDERED, version)
    if ordered is None:
        return False
    settled = {fact.text("service") for fact in facts if fact.kind is FactKind.ORDER_SETTLED and fact.version == version}
    return settled >= set(service_codes(ordered))
