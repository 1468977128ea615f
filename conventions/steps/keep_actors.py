"""Put under lock who and what an agreement was made between: without them, an archive could not give its registry back.

Each record has a folder of its own, ``actors/<kind>-<digest of its id>``, shared by every agreement that needs it; a record that
changed enters as the next object, and the last one counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from conventions.agreements import Agreement, Campaign
from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.errors import NotFound
from conventions.folder import keep
from conventions.members import Member
from conventions.plain import plain
from conventions.ports.registry import ArchiveEntry, Transaction
from conventions.ports.system import Ports
from conventions.powers import Delegation
from conventions.programmes import Programme
from conventions.retention import retain_until

ACTOR_SCHEMA = "contreseing/actor/1"
ACTORS_PREFIX = "actors/"
MEMBER, PROGRAMME, DELEGATION, CAMPAIGN = "member", "programme", "delegation", "campaign"
KINDS = {PROGRAMME: Programme, DELEGATION: Delegation, CAMPAIGN: Campaign, MEMBER: Member}


def keep_actors(ports: Ports, reference: str) -> None:
    """Archive the member, programme, delegations and campaign of an agreement as they are now; what is kept already is left.

    Raises:
        NotFound: no such agreement.
        EvidenceBroken, UpstreamUnavailable.
    """
    with ports.registry.read() as tx:
        agreement = tx.agreement(reference)
        until = retain_until(tx.programme(agreement.programme_id), ports.rules.lock_years)
        wanted = [(folder, kind, data, sha256_hex(data)) for folder, kind, data in _actors(tx, agreement)]
        known = {(entry.reference, entry.sha256): entry for folder, _, _, _ in wanted for entry in tx.archive_entries(folder)}
    for folder, kind, data, sha256 in wanted:
        entry = known.get((folder, sha256))
        if entry is None or entry.completed_at is None:
            keep(ports, folder, kind, data, until)
        elif entry.retain_until < until:
            ports.archive.extend_lock(entry.key, until)
            with ports.registry.write() as tx:
                tx.extend_archive_entry(entry.key, until)


def actor_entries(tx: Transaction, reference: str) -> list[ArchiveEntry]:
    """List the objects in place of the records that an agreement needs; none when no agreement has that reference."""
    try:
        agreement = tx.agreement(reference)
    except NotFound:
        return []
    folders = dict.fromkeys(folder for folder, _, _ in _actors(tx, agreement))
    return [entry for folder in folders for entry in tx.archive_entries(folder) if entry.completed_at is not None]


def actor_folder(kind: str, record_id: str) -> str:
    """Name the folder of a record: its id does not show."""
    return f"{ACTORS_PREFIX}{kind}-{sha256_hex(record_id.encode())[:20]}"


def _actors(tx: Transaction, agreement: Agreement) -> Iterator[tuple[str, str, bytes]]:
    programme_id = agreement.programme_id
    records: list[tuple[str, Programme | Delegation | Campaign | Member]] = [(PROGRAMME, tx.programme(programme_id))]
    records += [(DELEGATION, delegation) for delegation in tx.delegations(programme_id)]
    records += [(CAMPAIGN, tx.campaign(agreement.campaign_id)), (MEMBER, tx.member(agreement.member_id))]
    for kind, record in records:
        content: dict[str, Json] = {"schema": ACTOR_SCHEMA, "kind": kind, "record": plain(record)}
        if kind == DELEGATION:
            content["programme"] = programme_id
        yield actor_folder(kind, record.id), kind, render_canonical(content)
