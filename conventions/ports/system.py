"""Ports of the system itself, and all ports together as the steps receive them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from conventions.archiving_service import ArchivingService
from conventions.links import Secrets
from conventions.ports.delivery import Activation, Mailer
from conventions.ports.documents import Documents
from conventions.ports.journal import Timestamps
from conventions.ports.lists import Lists
from conventions.ports.proof import Verifier
from conventions.ports.registry import Registry
from conventions.ports.signing import Signing
from conventions.ports.stores import Archive, WorkingStore
from conventions.programmes import Programme
from conventions.retention import FinalFate, Retention, settled_retention
from conventions.signatures import SIMPLE_LEVELS, SignatureLevels


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the current instant, aware, UTC."""
        ...


class Credentials(Protocol):
    """Proves that a person of the office is who they say."""

    def hash_password(self, password: str) -> str:
        """Return the argon2id hash of a password."""
        ...

    def is_password(self, password_hash: str, password: str) -> bool:
        """Compare a password with a hash; takes as long when the hash is empty (an unknown account)."""
        ...

    def seal_totp(self, secret: str) -> str:
        """Encrypt a TOTP secret (base32) under a key outside the database."""
        ...

    def totp_step(self, sealed: str, code: str, at: datetime) -> int | None:
        """Return the time step (RFC 6238, 30 s) that a code matches, one step of drift allowed, or None."""
        ...


class Waker(Protocol):
    """Asks for work to start soon; the sweep is the safety net, so nothing depends on it."""

    def wake(self, work: str, key: str, parameters: Mapping[str, str]) -> bool:
        """Ask for a flow by name; never raises; False when it could not be asked for."""
        ...


@dataclass(frozen=True)
class Rules:
    """Settings of the domain. ``restamp_after``: age of a stamp to renew.

    Retention: ``administrative_years`` and ``lock_years`` from the end of the programme, then ``final_fate``.
    ``visits_kept_months``: how long the journal knows the addresses and browsers of visits.
    ``levels``: what the keys of this installation give. ``asks_third_reader``: before a completed file is archived.
    ``confirms_certificates``: an agent confirms a certificate that states no SIREN; else the signing port refuses or takes it by itself.
    ``folders_checked``: how many folders of the archive are read again each night; 0 for all.
    """

    lock_years: int
    sites: Mapping[str, str]
    help_telephone: str
    agents_mail: str
    demonstration: bool
    accepts_uploads: bool = False
    confirms_certificates: bool = False
    signing_lease: timedelta = timedelta(minutes=2)
    restamp_after: timedelta = timedelta(days=365)
    visits_kept_months: int = 12
    administrative_years: int = 10
    final_fate: FinalFate = FinalFate.KEEP
    archiving_service: ArchivingService | None = None
    levels: SignatureLevels = SIMPLE_LEVELS
    asks_third_reader: bool = False
    folders_checked: int = 200

    def address(self, site: str) -> str:
        """Return the public address of a site (``signers``, ``desk``, ``office``), without a final slash."""
        return self.sites[site]

    def retention(self, programme: Programme) -> Retention:
        """Return how long an agreement of a programme is kept, and what becomes of it then."""
        return settled_retention(programme, self.administrative_years, self.lock_years, self.final_fate)


@dataclass(frozen=True)
class Ports:
    """Everything a step may use of the outside."""

    clock: Clock
    secrets: Secrets
    registry: Registry
    working: WorkingStore
    archive: Archive
    documents: Documents
    signing: Signing
    timestamps: Timestamps
    mailer: Mailer
    activation: Activation
    credentials: Credentials
    waker: Waker
    verifier: Verifier
    rules: Rules
    lists: Lists | None = None
    """None where no trusted list is consulted."""
