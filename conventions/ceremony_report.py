"""What became of a ceremony, for its report: who authorised, under what, when, by which second factor, and the result of each document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from conventions.canonical import Json
from conventions.kinds import Kind
from conventions.people import Person
from conventions.programmes import Syndicate
from conventions.signatures import SealedManifest

REPORT_SCHEMA = "contreseing/ceremony-report/1"
SECOND_FACTOR = "code à usage unique d’une application, jamais employé avant, demandé pour cette séance"


@dataclass(frozen=True)
class ReportedDelegation:
    """The delegation under which the list was authorised: its act, and until when it runs."""

    number: str
    on: date
    ends_on: date


@dataclass(frozen=True)
class ReportedItem:
    """A document of the list and its result: countersigned at an instant, or not and why (a sentence).

    ``return_reason`` is what the signatory wrote where the document then went back to its member; ``model_sha256`` is the digest of
    the model that was read for it, where the sealed list tells one.
    """

    reference: str
    kind: Kind
    organisation: str
    contribution_eur: int
    amount: str
    prepared_sha256: str
    how_shown: str
    served_as: tuple[str, ...]
    countersigned_at: datetime | None
    sealed_sha256: str | None
    failure: str | None
    returned_at: datetime | None = None
    return_reason: str | None = None
    model_sha256: str | None = None


@dataclass(frozen=True)
class CeremonyReport:
    """All that the report says; ``established_at`` is the last instant that it tells of, so that the same facts give the same file."""

    id: str
    syndicate: Syndicate
    person: Person
    delegation: ReportedDelegation
    at: datetime
    expires_at: datetime
    established_at: datetime
    sealed: SealedManifest
    items: tuple[ReportedItem, ...]
    demonstration: bool

    @property
    def countersigned(self) -> tuple[ReportedItem, ...]:
        """Return the documents that were countersigned."""
        return tuple(item for item in self.items if item.countersigned_at is not None)

    @property
    def models_read(self) -> tuple[str, ...]:
        """Return the digests of the models that were read for the list."""
        return tuple(sorted({item.model_sha256 for item in self.items if item.model_sha256 is not None}))

    @property
    def total_eur(self) -> int:
        """Return the contributions of what was countersigned, in euros a year."""
        return sum(item.contribution_eur for item in self.countersigned)


def report_data(report: CeremonyReport) -> Mapping[str, Json]:
    """Return the report as the data that its file carries."""
    return {
        "schema": REPORT_SCHEMA,
        "ceremony": report.id,
        "person": {"name": report.person.addressed, "capacity": report.person.capacity},
        "organisation": {"name": report.syndicate.name, "siret": report.syndicate.siret},
        "delegation": {
            "number": report.delegation.number,
            "on": report.delegation.on.isoformat(),
            "ends_on": report.delegation.ends_on.isoformat(),
        },
        "second_factor": SECOND_FACTOR,
        "at": report.at.isoformat(),
        "expires_at": report.expires_at.isoformat(),
        "sealed_at": report.sealed.sealed_at.isoformat(),
        "established_at": report.established_at.isoformat(),
        "demonstration": report.demonstration,
        "countersigned": len(report.countersigned),
        "countersigned_eur": report.total_eur,
        "items": [_item_data(item) for item in report.items],
    }


def _item_data(item: ReportedItem) -> Mapping[str, Json]:
    return {
        "reference": item.reference,
        "kind": item.kind.value,
        "organisation": item.organisation,
        "contribution_eur": item.contribution_eur,
        "amount": item.amount,
        "prepared_sha256": item.prepared_sha256,
        "how_shown": item.how_shown,
        "served_as": list(item.served_as),
        "countersigned_at": item.countersigned_at.isoformat() if item.countersigned_at is not None else None,
        "sealed_sha256": item.sealed_sha256,
        "failure": item.failure,
        "returned_at": item.returned_at.isoformat() if item.returned_at is not None else None,
        "return_reason": item.return_reason,
        **({"model_sha256": item.model_sha256} if item.model_sha256 is not None else {}),
    }
