"""The office's agreements for programs: JSON out, problem documents when something is wrong."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from conventions.kinds import Kind
from conventions.search import Wanted
from conventions.standing import Turn, Why
from conventions.status import Status
from conventions.steps.office import agreement_lines, agreement_view
from conventions.views import AgreementLine, AgreementView
from portal.context import Cookie, Here
from portal.office.agreements import following_of
from portal.people import current_account

router = APIRouter(prefix="/api", tags=["agreements"], dependencies=[Depends(current_account)])

MOST_LINES = 500


class HeldBack(BaseModel):
    """One thing that holds an agreement back, since when, and the code of the error that says more."""

    why: Why
    since: datetime
    code: str | None


class Line(BaseModel):
    """One agreement of a list; instants are ISO 8601 in UTC, euros are whole, a year, excluding tax."""

    reference: str
    member: str
    category: str
    contribution_eur: int
    status: Status
    since: datetime
    failure: str | None
    turn: Turn
    turn_since: datetime
    hindrances: list[HeldBack]


class Lines(BaseModel):
    """A page of the list; ``next`` is what to give as ``after`` for the next one, null on the last."""

    items: list[Line]
    next: str | None


class StatedFact(BaseModel):
    """A fact: what became true, when, for which version."""

    kind: str
    at: datetime
    version: int


class StoredFile(BaseModel):
    """A file of one stage, by its digest."""

    version: int
    stage: str
    sha256: str
    size_bytes: int


class One(BaseModel):
    """One agreement, with its facts and files."""

    reference: str
    kind: str
    member: str
    siret: str
    category: str
    contribution_eur: int
    status: Status
    version: int
    failure: str | None
    facts: list[StatedFact]
    files: list[StoredFile]
    services: list[str]
    services_pending: list[str]


@router.get("/agreements")
def list_agreements(
    here: Here,
    cookie: Cookie,
    *,
    text: Annotated[str, Query(max_length=200)] = "",
    campaign: str | None = None,
    kind: Kind | None = None,
    status: Status | None = None,
    signed_from: date | None = None,
    signed_until: date | None = None,
    least_eur: Annotated[int | None, Query(ge=0)] = None,
    most_eur: Annotated[int | None, Query(ge=0)] = None,
    service: Annotated[str | None, Query(max_length=40)] = None,
    to_handle: bool = False,
    after: Annotated[str, Query(max_length=20)] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_LINES)] = 100,
) -> Lines:
    """List agreements by reference, strictly after ``after``; days are of the member's signature, both included, in Paris.

    ``to_handle``: those that wait for an agent alone.
    """
    wanted = Wanted(text, campaign, kind, status, signed_from, signed_until, least_eur, most_eur, service, to_handle)
    found = agreement_lines(here.ports, cookie, wanted, after=after, limit=limit + 1)
    return Lines(items=[_line(line) for line in found[:limit]], next=following_of(found, limit) or None)


@router.get("/agreements/{reference}")
def read_agreement(here: Here, cookie: Cookie, reference: Annotated[str, Path(max_length=20)]) -> One:
    """Return one agreement."""
    return _one(agreement_view(here.ports, cookie, reference))


def _line(line: AgreementLine) -> Line:
    return Line(
        reference=line.reference,
        member=line.organisation,
        category=line.category,
        contribution_eur=line.contribution_eur,
        status=line.status,
        since=line.since,
        failure=line.failure_code,
        turn=line.standing.turn,
        turn_since=line.standing.since,
        hindrances=[HeldBack(why=one.why, since=one.since, code=one.code) for one in line.standing.hindrances],
    )


def _one(view: AgreementView) -> One:
    agreement, member = view.agreement, view.member
    return One(
        reference=agreement.reference,
        kind=agreement.kind,
        member=member.name,
        siret=member.siret,
        category=member.category,
        contribution_eur=member.contribution_eur,
        status=view.status,
        version=agreement.version,
        failure=agreement.failure.code if agreement.failure else None,
        facts=[StatedFact(kind=fact.kind, at=fact.at, version=fact.version) for fact in agreement.facts],
        files=[StoredFile(version=a.version, stage=a.stage, sha256=a.sha256, size_bytes=a.size_bytes) for a in agreement.artefacts],
        services=list(view.services_on),
        services_pending=list(view.services_pending),
    )
