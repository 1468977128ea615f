"""Enter members, programmes, delegations and campaigns again from their own folders of the archive, each by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from conventions.agreements import Campaign
from conventions.archived_folder import ArchivedObject
from conventions.entering import enter_all
from conventions.errors import EvidenceBroken, NotFound
from conventions.folder import read_object
from conventions.members import Member
from conventions.plain import restored
from conventions.ports.registry import Registry, Transaction
from conventions.ports.system import Ports
from conventions.powers import Delegation
from conventions.programmes import Programme
from conventions.steps.keep_actors import ACTOR_SCHEMA, CAMPAIGN, DELEGATION, KINDS, MEMBER, PROGRAMME

Actor = Programme | Delegation | Campaign | Member

AT_ONCE = 8
EARLIER = "rebuild.earlier_record"
"""The last record of an actor cannot be read; the one before it was taken, and that is told."""


@dataclass(frozen=True)
class _Found:
    folder: str
    kind: str
    record: Actor
    programme_id: str


def restore_actors(
    ports: Ports, into: Registry, folders: Mapping[str, Sequence[ArchivedObject]], untold: list[tuple[str, str]]
) -> Mapping[str, set[str]]:
    """Enter the last readable record of each actor; return their ids by kind. What is wrong with one is added to ``untold``.

    Raises:
        UpstreamUnavailable.
    """
    with ThreadPoolExecutor(AT_ONCE, "rebuild") as workers:
        read = list(workers.map(lambda folder: _read_last(ports, folder, folders[folder]), sorted(folders)))
    found = list[_Found]()
    for one, problems in read:
        untold += problems
        if one is not None:
            found.append(one)
    entered: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for kind in (PROGRAMME, DELEGATION, CAMPAIGN, MEMBER):
        _enter_kind(into, _in_order([one for one in found if one.kind == kind]), entered, untold)
    return entered


def _read_last(ports: Ports, folder: str, items: Sequence[ArchivedObject]) -> tuple[_Found | None, list[tuple[str, str]]]:
    problems = list[tuple[str, str]]()
    for item in reversed(items):
        try:
            found = _parsed(folder, read_object(ports, item))
        except (EvidenceBroken, NotFound) as error:
            problems.append((item.key, error.code))
        else:
            return found, [*problems, (folder, EARLIER)] if problems else problems
    return None, problems


def _parsed(folder: str, data: bytes) -> _Found:
    try:
        content = json.loads(data)
        kind, schema, record, programme_id = content["kind"], content["schema"], content["record"], str(content.get("programme", ""))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvidenceBroken(f"{folder}: a record that cannot be read", code="evidence.record") from error
    if schema != ACTOR_SCHEMA or kind not in KINDS:
        raise EvidenceBroken(f"{folder} holds another schema", code="evidence.record")
    return _Found(folder, kind, restored(KINDS[kind], record), programme_id)


def _in_order(found: Sequence[_Found]) -> Iterator[_Found]:
    """Put campaigns in the order in which they were started; the others stay in that of their folders."""
    yield from sorted(found, key=lambda one: one.record.started_at.isoformat() if isinstance(one.record, Campaign) else "")


def _enter_kind(into: Registry, found: Iterator[_Found], entered: dict[str, set[str]], untold: list[tuple[str, str]]) -> None:
    known = list[_Found]()
    for one in found:
        programme_id = _programme_of(one)
        if programme_id is None or programme_id in entered[PROGRAMME]:
            known.append(one)
        else:
            untold.append((one.folder, "rebuild.no_actor"))
    refused = enter_all(into, known, _add)
    for rank, one in enumerate(known):
        if rank in refused:
            untold.append((one.folder, refused[rank]))
        else:
            entered[one.kind].add(one.record.id)


def _programme_of(one: _Found) -> str | None:
    """Name the programme that a record hangs on, if it does."""
    if isinstance(one.record, Delegation):
        return one.programme_id
    return one.record.programme_id if isinstance(one.record, Campaign) else None


def _add(tx: Transaction, one: _Found) -> None:
    if isinstance(one.record, Programme):
        tx.add_programme(one.record)
    elif isinstance(one.record, Delegation):
        tx.add_delegation(one.programme_id, one.record)
    elif isinstance(one.record, Campaign):
        tx.add_campaign(one.record)
    else:
        tx.add_member(one.record)
