"""An agreement: a set of dated facts and the one artefact of each stage. Its status is computed in ``status``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from conventions.canonical import Json
from conventions.errors import NotFound
from conventions.kinds import SIGNERS, Kind, Party


class FactKind(StrEnum):
    """What can be true of an agreement. The data each one holds is in its comment."""

    DRAFTED = "drafted"  # programme_ends_on; asked (``conventions.asked``); of a next version: after (a status), by, reason
    DATA_REQUESTED = "data_requested"  # fields, link_id; reopened and by, where an agent asked again for some
    DATA_COMPLETED = "data_completed"  # fields
    PREPARED = "prepared"  # see ``Preparation``
    INVITED = "invited"  # link_id, deadline
    CONSENTED = "consented"  # link_id, visit_id, code_id, sha256
    UPLOAD_HELD = "upload_held"  # number, sha256, uploaded_sha256, signer, issuer, serial…: see ``held_uploads``
    UPLOAD_SETTLED = "upload_settled"  # number, outcome (``HeldOutcome``), by, reason
    MEMBER_SIGNED = "member_signed"  # sha256, level, signed_at, certificate_sha256; of an upload: uploaded_sha256, confirmed
    MEMBER_FILE_KEPT = "member_file_kept"  # key, administrative_until, retain_until, final_fate: member-signed file and record under lock
    AUTHORISED = "authorised"  # authorisation_id, expires_at
    COUNTERSIGNED = "countersigned"  # sha256, level, signed_at, certificate_sha256, authorisation_id
    VALIDATED = "validated"  # reader, sha256, level, report_sha256: of the working store
    ARCHIVED = "archived"  # key, sha256, level, administrative_until, retain_until, final_fate, verifiable_until
    RESTAMPED = "restamped"  # number, key, sha256, verifiable_until: one more archive time-stamp, under lock as a new object
    ORDERED = "ordered"  # services
    ORDER_SETTLED = "order_settled"  # service, outcome, receipt
    TRAIL_KEPT = "trail_kept"  # sha256: of the record under lock, with mails, orders and evidence, each time that nothing waits any more
    NOTIFIED = "notified"  # the co-signed copy was delivered to the member
    RETURNED = "returned"  # reason, by
    DECLINED = "declined"  # reason
    CANCELLED = "cancelled"  # reason, by
    DEADLINE_SET = "deadline_set"  # number, deadline, by: the member has until then, whatever its campaign says
    SUPERSEDED = "superseded"  # replaced_by: the reference drafted in its place by a later campaign
    AMENDED = "amended"  # document, number, effective_on: the amendment that changed it
    TERMINATED = "terminated"  # on (its last day), document: the acknowledgement that says so
    QUARANTINED = "quarantined"  # number, reason; where a reader refused: refused_by, and reports (digests by reader, of the working store)
    RELEASED = "released"  # number, reason, by


_REPEATABLE = {
    FactKind.AUTHORISED: "authorisation_id",
    FactKind.VALIDATED: "reader",
    FactKind.ORDER_SETTLED: "service",
    FactKind.RESTAMPED: "number",
    FactKind.INVITED: "link_id",
    FactKind.QUARANTINED: "number",
    FactKind.RELEASED: "number",
    FactKind.AMENDED: "number",
    FactKind.DEADLINE_SET: "number",
    FactKind.TRAIL_KEPT: "sha256",
    FactKind.UPLOAD_HELD: "number",
    FactKind.UPLOAD_SETTLED: "number",
}


@dataclass(frozen=True)
class Fact:
    """Something that became true at ``at`` (aware UTC) for one version of an agreement."""

    kind: FactKind
    at: datetime
    version: int
    data: Mapping[str, Json] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What is unique per agreement and version: the kind, with the value that lets it repeat."""
        name = _REPEATABLE.get(self.kind)
        return self.kind.value if name is None else f"{self.kind.value}:{self.data[name]}"

    def text(self, name: str) -> str:
        """Return a datum that must be text; KeyError if the fact lacks it."""
        value = self.data[name]
        if not isinstance(value, str):
            msg = f"fact {self.kind} holds no text under {name}"
            raise TypeError(msg)
        return value

    def instant(self, name: str) -> datetime:
        """Return a datum recorded as an ISO 8601 instant."""
        return datetime.fromisoformat(self.text(name))


class Stage(StrEnum):
    """Stages of which an agreement's version has exactly one artefact."""

    PREPARED = "prepared"
    MEMBER_SIGNED = "member_signed"
    SEALED = "sealed"


@dataclass(frozen=True)
class Artefact:
    """Immutable bytes of one stage, in the working store under their digest."""

    version: int
    stage: Stage
    sha256: str
    size_bytes: int
    at: datetime


@dataclass(frozen=True)
class Failure:
    """A flag beside the status: the last attempt of a step that failed, and why."""

    step: str
    code: str
    at: datetime
    attempts: int


@dataclass(frozen=True)
class Agreement:
    """An agreement as the registry holds it; ``facts`` in the order in which they were committed."""

    reference: str
    kind: Kind
    programme_id: str
    member_id: str
    campaign_id: str
    facts: tuple[Fact, ...] = ()
    artefacts: tuple[Artefact, ...] = ()
    failure: Failure | None = None

    @cached_property
    def version(self) -> int:
        """The current version: a return opens the next one when the agreement is drafted again."""
        return max((fact.version for fact in self.facts), default=1)

    def fact(self, kind: FactKind, version: int | None = None) -> Fact | None:
        """Return the last fact of a kind in a version (the current one by default), or None."""
        wanted = self.version if version is None else version
        return last_fact(self.facts, kind, wanted)

    def required_fact(self, kind: FactKind, version: int | None = None) -> Fact:
        """Return the last fact of a kind in a version (the current one by default).

        Raises:
            NotFound: there is none.
        """
        fact = self.fact(kind, version)
        if fact is None:
            raise NotFound(f"{self.reference} has no fact {kind} in version {version or self.version}", code="agreement.fact_missing")
        return fact

    def artefact(self, stage: Stage, version: int | None = None) -> Artefact | None:
        """Return a version's artefact of a stage (the current one's by default), or None."""
        wanted = self.version if version is None else version
        return next((a for a in self.artefacts if a.stage is stage and a.version == wanted), None)

    def required_artefact(self, stage: Stage, version: int | None = None) -> Artefact:
        """Return a version's artefact of a stage (the current one's by default).

        Raises:
            NotFound: there is none.
        """
        artefact = self.artefact(stage, version)
        if artefact is None:
            wanted = version or self.version
            raise NotFound(f"{self.reference} has no artefact {stage} in version {wanted}", code="agreement.artefact_missing")
        return artefact

    @property
    def is_signed_by_syndicate(self) -> bool:
        """Tell whether the kind takes a countersignature."""
        return Party.SYNDICATE in SIGNERS[self.kind]

    @property
    def is_signed_by_member(self) -> bool:
        """Tell whether the kind takes a signature of the member."""
        return Party.MEMBER in SIGNERS[self.kind]

    @property
    def final_stage(self) -> Stage:
        """The stage whose artefact carries the last signature of the kind."""
        return Stage.SEALED if self.is_signed_by_syndicate else Stage.MEMBER_SIGNED

    @property
    def to_countersign(self) -> Artefact:
        """The file that the syndicate's signature is put on: as the member signed it, or as prepared where the syndicate signs alone.

        Raises:
            NotFound: it does not stand yet.
        """
        return self.required_artefact(Stage.MEMBER_SIGNED if self.is_signed_by_member else Stage.PREPARED)


def last_fact(facts: Iterable[Fact], kind: FactKind, version: int) -> Fact | None:
    """Return the last fact of a kind in a version, or None."""
    found = None
    for fact in facts:
        if fact.kind is kind and fact.version == version:
            found = fact
    return found


def settled_services(agreement: Agreement) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the service codes that are on, and those ordered but waiting, in the order of the signed list."""
    ordered = agreement.fact(FactKind.ORDERED)
    if ordered is None:
        return (), ()
    outcomes = {
        f.text("service"): f.text("outcome") for f in agreement.facts if f.kind is FactKind.ORDER_SETTLED and f.version == agreement.version
    }
    codes = service_codes(ordered)
    return tuple(c for c in codes if outcomes.get(c) == ACKNOWLEDGED), tuple(c for c in codes if outcomes.get(c) != ACKNOWLEDGED)


def ordered_names(agreement: Agreement) -> Mapping[str, str]:
    """Name the services that the signed file ordered, by code, as it names them."""
    ordered = agreement.fact(FactKind.ORDERED)
    services = ordered.data["services"] if ordered is not None else ()
    return (
        {str(item["code"]): str(item["name"]) for item in services if isinstance(item, Mapping)}
        if isinstance(services, list | tuple)
        else {}
    )


ACKNOWLEDGED = "acknowledged"
WAITING_CONDITION = "waiting_condition"


def service_codes(ordered: Fact) -> tuple[str, ...]:
    """List the codes of an ``ordered`` fact."""
    services = ordered.data["services"]
    if not isinstance(services, list | tuple):
        msg = "an ordered fact holds a list of services"
        raise TypeError(msg)
    return tuple(str(item["code"]) for item in services if isinstance(item, Mapping))


@dataclass(frozen=True)
class Campaign:
    """Agreements of one programme asked for together; ``deadline`` is the last instant at which a member may sign.

    ``territory`` is the SIRET of the EPCI whose communes and bodies alone are concerned.
    """

    id: str
    programme_id: str
    kind: Kind
    started_at: datetime
    started_by: str
    deadline: datetime
    demonstration: bool
    territory: str | None = None
