"""The Vice-President's ceremony: what was authorised, by whom, on which proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from conventions.canonical import Json
from conventions.kinds import Kind
from conventions.people import Person
from conventions.signatures import SealedManifest

CEREMONY_LIFETIME = timedelta(minutes=30)
SECOND_FACTOR_FRESH = timedelta(minutes=5)
MANIFEST_SCHEMA = "contreseing/ceremony/1"


class HowShown(StrEnum):
    """How a document was put before the signatory."""

    OPENED = "opened"
    IN_TABLE = "in_table"
    SAMPLED = "sampled"


@dataclass(frozen=True)
class ManifestItem:
    """One document of a ceremony, by its digests.

    ``served_as`` are the forms (text, picture) in which it was opened, as journalled; ``model_sha256`` is the digest of the model that
    the signatory read, for a document of the standard pile.
    """

    reference: str
    prepared_sha256: str
    member_signed_sha256: str
    how_shown: HowShown
    served_as: tuple[str, ...] = ()
    model_sha256: str | None = None


@dataclass(frozen=True)
class Authorisation:
    """A committed ceremony; ``sealed`` binds the manifest, ``expires_at`` ends it."""

    id: str
    account_id: str
    delegation_id: str
    at: datetime
    expires_at: datetime
    items: tuple[ManifestItem, ...]
    sealed: SealedManifest | None = None


class Mark(StrEnum):
    """What the signatory decided of one document before the ceremony."""

    READY = "ready"
    ASIDE = "aside"


@dataclass(frozen=True)
class Review:
    """The signatory's mark on one version of one agreement, kept across days and devices."""

    account_id: str
    reference: str
    member_signed_sha256: str
    mark: Mark
    how_shown: HowShown
    at: datetime


@dataclass(frozen=True)
class ModelRead:
    """The signatory's word that a model was read: the text of a kind, by its digest. Another text is another model."""

    account_id: str
    kind: Kind
    sha256: str
    at: datetime


def ceremony_manifest(
    authorisation: Authorisation, person: Person, delegation_number: str, organisation: str, siren: str
) -> Mapping[str, Json]:
    """Build the manifest that is sealed: canonical JSON of what is authorised, by whom, until when."""
    return {
        "schema": MANIFEST_SCHEMA,
        "ceremony": authorisation.id,
        "person": {"given_name": person.given_name, "family_name": person.family_name, "capacity": person.capacity},
        "organisation": organisation,
        "siren": siren,
        "delegation": {"id": authorisation.delegation_id, "number": delegation_number},
        "at": authorisation.at.isoformat(),
        "expires_at": authorisation.expires_at.isoformat(),
        "items": [
            {
                "reference": item.reference,
                "prepared_sha256": item.prepared_sha256,
                "member_signed_sha256": item.member_signed_sha256,
                "how_shown": item.how_shown.value,
                "served_as": list(item.served_as),
                **({"model_sha256": item.model_sha256} if item.model_sha256 is not None else {}),
            }
            for item in authorisation.items
        ],
    }
