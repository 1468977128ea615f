"""Which versions of an agreement its folder proves, and what each was when it was left.

A version enters the folder when the member has signed it. One that was returned, or that nobody countersigned before it ended,
is evidence too: of one signature.
"""

from __future__ import annotations

from dataclasses import replace

from conventions.agreements import Agreement, FactKind
from conventions.status import FINAL, Status

KEPT = frozenset({FactKind.MEMBER_FILE_KEPT, FactKind.ARCHIVED})
MADE_AFTER = frozenset({FactKind.RESTAMPED})
"""Facts that reopen no trail: the file that they tell of says it, and is listed by the folder's index."""


def kept_versions(agreement: Agreement) -> tuple[int, ...]:
    """List the versions of which a signed file is under lock, in order."""
    return tuple(sorted({fact.version for fact in agreement.facts if fact.kind in KEPT}))


def as_of(agreement: Agreement, version: int) -> Agreement:
    """Return an agreement as it was when a version was its current one: nothing of the later ones."""
    facts = tuple(fact for fact in agreement.facts if fact.version <= version)
    return replace(agreement, facts=facts, artefacts=tuple(one for one in agreement.artefacts if one.version <= version))


def proved(agreement: Agreement) -> Agreement:
    """Return an agreement as of the last version of which a signed file is under lock; as it is where there is none."""
    versions = kept_versions(agreement)
    return as_of(agreement, versions[-1]) if versions else agreement


def is_left_to_the_member(agreement: Agreement) -> bool:
    """Tell whether the member alone signed the current version of what the syndicate was to countersign."""
    return agreement.is_signed_by_syndicate and agreement.fact(FactKind.MEMBER_SIGNED) is not None and not _is_completed(agreement)


def versions_to_tell(agreement: Agreement, status: Status) -> tuple[int, ...]:
    """List the versions of which an evidence file can be made: archived, or left as the member signed them."""
    return tuple(
        version
        for version in kept_versions(agreement)
        if agreement.fact(FactKind.ARCHIVED, version) is not None
        or (not _is_completed(as_of(agreement, version)) and (version < agreement.version or is_at_rest(agreement, status)))
    )


def is_at_rest(agreement: Agreement, status: Status) -> bool:
    """Tell whether nothing of an agreement waits: services on and copy delivered, or returned, or over."""
    is_carried_out = status is Status.ACTIVE and agreement.fact(FactKind.NOTIFIED) is not None
    return is_carried_out or status is Status.RETURNED or status in FINAL


def is_trail_due(agreement: Agreement, status: Status) -> bool:
    """Tell whether something signed is under lock, nothing waits, and something happened since the trail was closed last."""
    told = [fact.kind for fact in agreement.facts if fact.kind not in MADE_AFTER]
    return is_at_rest(agreement, status) and bool(kept_versions(agreement)) and told[-1] is not FactKind.TRAIL_KEPT


def _is_completed(agreement: Agreement) -> bool:
    return agreement.artefact(agreement.final_stage) is not None
