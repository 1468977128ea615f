"""First half of the in-memory transaction: members to agreements, claims, journal, outbox."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from conventions.agreements import Agreement, Artefact, Campaign, Fact, Failure
from conventions.attentions import Attention, AttentionKind
from conventions.canonical import Json, render_canonical
from conventions.errors import AlreadyRecorded, Busy, NotFound
from conventions.events import Event, Salted, canonical_event
from conventions.kinds import Kind
from conventions.members import Member
from conventions.outgoing import Outgoing, OutgoingState
from conventions.ports.registry import AgreementStatus, JournalEntry
from conventions.powers import Delegation
from conventions.preservation import RENEWAL_KIND
from conventions.programmes import Programme
from conventions.search import Wanted, is_found, search_row
from conventions.standing import Surroundings, stuck_because
from conventions.status import Status, status_of
from tests.fakes.registry_state import HeldClaim, RecordedEvent, State

K = TypeVar("K")
T = TypeVar("T")


def as_json(value: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return a value as a database gives it back: what is not JSON is refused, tuples are lists."""
    read: Mapping[str, Json] = json.loads(render_canonical(value))
    return read


def in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        msg = "an instant without a zone cannot be recorded"
        raise ValueError(msg)
    return at.astimezone(UTC)


def by_key(items: Iterable[T], key: Callable[[T], str]) -> list[T]:
    return sorted(items, key=key)


class RecordsTransaction:
    """Everything that the life of an agreement records."""

    def __init__(self, state: State, *, writes: bool, salts: Callable[[], str]) -> None:
        self.state = state
        self._writes = writes
        self._salts = salts

    # what every method needs
    def _check_writes(self) -> None:
        if not self._writes:
            msg = "this transaction only reads"
            raise RuntimeError(msg)

    def _add(self, table: MutableMapping[K, T], key: K, record: T, *taken: bool) -> None:
        self._check_writes()
        if key in table or any(taken):
            raise AlreadyRecorded(f"{type(record).__name__} {key} stands already")
        table[key] = record

    def _update(self, table: MutableMapping[K, T], key: K, record: T, *taken: bool) -> None:
        self._check_writes()
        self._get(table, key, type(record).__name__)
        if any(taken):
            raise AlreadyRecorded(f"{type(record).__name__} {key} would take what another has")
        table[key] = record

    def _get(self, table: MutableMapping[K, T], key: K, what: str) -> T:
        if key not in table:
            raise NotFound(f"no {what} {key}")
        return table[key]

    def _locked(self, *, lock: bool) -> None:
        if lock:
            self._check_writes()

    # members, programmes, delegations, campaigns
    def add_member(self, member: Member) -> None:
        self._add(self.state.members, member.id, member, any(m.siret == member.siret for m in self.state.members.values()))

    def update_member(self, member: Member) -> None:
        others = (m for m in self.state.members.values() if m.id != member.id)
        self._update(self.state.members, member.id, member, any(m.siret == member.siret for m in others))

    def member(self, member_id: str) -> Member:
        return self._get(self.state.members, member_id, "member")

    def members(self) -> Sequence[Member]:
        return by_key(self.state.members.values(), lambda m: m.id)

    def add_programme(self, programme: Programme) -> None:
        self._add(self.state.programmes, programme.id, programme)

    def programme(self, programme_id: str) -> Programme:
        return self._get(self.state.programmes, programme_id, "programme")

    def programmes(self) -> Sequence[Programme]:
        return by_key(self.state.programmes.values(), lambda p: p.id)

    def add_delegation(self, programme_id: str, delegation: Delegation) -> None:
        self.programme(programme_id)
        self._add(self.state.delegations, delegation.id, (programme_id, delegation))

    def delegation(self, delegation_id: str) -> Delegation:
        return self._get(self.state.delegations, delegation_id, "delegation")[1]

    def delegations(self, programme_id: str) -> Sequence[Delegation]:
        return by_key((d for p, d in self.state.delegations.values() if p == programme_id), lambda d: d.id)

    def add_campaign(self, campaign: Campaign) -> None:
        self.programme(campaign.programme_id)
        self._add(self.state.campaigns, campaign.id, campaign)

    def campaign(self, campaign_id: str) -> Campaign:
        return self._get(self.state.campaigns, campaign_id, "campaign")

    def campaigns(self) -> Sequence[Campaign]:
        return list(self.state.campaigns.values())

    # agreements
    def next_reference(self, year: int) -> str:
        self._check_writes()
        number = self.state.counters.get(year, 0) + 1
        self.state.counters[year] = number
        return f"{year:04d}-{number:04d}"

    def skip_references(self, year: int, last: int) -> None:
        self._check_writes()
        self.state.counters[year] = max(self.state.counters.get(year, 0), last)

    def add_agreement(self, agreement: Agreement) -> None:
        self.member(agreement.member_id)
        self.programme(agreement.programme_id)
        self.campaign(agreement.campaign_id)
        taken = self.agreement_of_member(agreement.campaign_id, agreement.member_id) is not None
        bare = dataclasses.replace(agreement, facts=(), artefacts=())
        self._add(self.state.agreements, agreement.reference, bare, taken)
        for fact in agreement.facts:
            self.add_fact(agreement.reference, fact)
        for artefact in agreement.artefacts:
            self.add_artefact(agreement.reference, artefact)

    def agreement(self, reference: str, *, lock: bool = False) -> Agreement:
        self._locked(lock=lock)
        return self._get(self.state.agreements, reference, "agreement")

    def agreements(self, *, campaign_id: str | None = None, after: str = "", limit: int = 1000) -> Sequence[Agreement]:
        found = (a for a in self.state.agreements.values() if a.reference > after and campaign_id in {None, a.campaign_id})
        return by_key(found, lambda a: a.reference)[:limit]

    def agreements_named(self, references: Sequence[str]) -> Sequence[Agreement]:
        return [self.agreement(reference) for reference in sorted(set(references))]

    def find_agreements(self, wanted: Wanted, now: datetime, *, after: str = "", limit: int = 50) -> Sequence[Agreement]:
        found = (a for a in self.state.agreements.values() if a.reference > after)
        rows = ((a, search_row(a, self.member(a.member_id))) for a in found)
        kept = (a for a, row in rows if is_found(row, wanted, now, is_to_handle=wanted.to_handle and self._waits_for_agent(a, now)))
        return by_key(kept, lambda a: a.reference)[:limit]

    def count_statuses(self, now: datetime) -> Mapping[Status, int]:
        return Counter(status_of(agreement, now) for agreement in self.state.agreements.values())

    def count_to_handle(self, now: datetime) -> int:
        return sum(self._waits_for_agent(agreement, now) for agreement in self.state.agreements.values())

    def _waits_for_agent(self, agreement: Agreement, now: datetime) -> bool:
        around = self.surroundings([agreement.reference])[agreement.reference]
        return stuck_because(agreement, status_of(agreement, now), around, now).is_to_handle

    def surroundings(self, references: Sequence[str]) -> Mapping[str, Surroundings]:
        return {reference: self._around(reference) for reference in references}

    def _around(self, reference: str) -> Surroundings:
        links = {link.id: link for link in self.state.links.values() if link.reference == reference}
        return Surroundings(
            tuple(links.values()),
            tuple(visit for visit in self.state.visits.values() if visit.link_id in links),
            tuple(code for code in self.state.codes.values() if code.link_id in links),
            tuple(row for row in self.state.outbox.values() if row.reference == reference),
            tuple(self.attentions_of(reference)),
        )

    # what people tell the agents
    def add_attention(self, attention: Attention) -> None:
        self.agreement(attention.reference)
        self._add(self.state.attentions, attention.id, attention)

    def update_attention(self, attention: Attention) -> None:
        self._update(self.state.attentions, attention.id, attention)

    def attentions_of(self, reference: str) -> Sequence[Attention]:
        return [attention for attention in self.state.attentions.values() if attention.reference == reference]

    def count_attentions(self) -> Mapping[AttentionKind, int]:
        return Counter(attention.kind for attention in self.state.attentions.values() if attention.is_waiting)

    def purge_attentions(self, before: datetime) -> int:
        self._check_writes()
        purged = 0
        for one in list(self.state.attentions.values()):
            over_at = one.at if one.kind is AttentionKind.NOTE else one.settled_at
            bare = dataclasses.replace(one, text="", by="", settled_by="", remark="")
            if over_at is not None and over_at < before and bare != one:
                self.state.attentions[one.id] = bare
                purged += 1
        return purged

    def statuses_of_kind(self, programme_id: str, kind: Kind, now: datetime) -> Sequence[AgreementStatus]:
        found = (a for a in self.state.agreements.values() if (a.programme_id, a.kind) == (programme_id, kind))
        return [AgreementStatus(a.reference, a.member_id, a.campaign_id, status_of(a, now)) for a in by_key(found, lambda a: a.reference)]

    def agreement_of_member(self, campaign_id: str, member_id: str) -> Agreement | None:
        found = (a for a in self.state.agreements.values() if (a.campaign_id, a.member_id) == (campaign_id, member_id))
        return next(found, None)

    def agreements_of_members(self, member_ids: Sequence[str], *, but: Sequence[str] = ()) -> Sequence[Agreement]:
        found = (a for a in self.state.agreements.values() if a.member_id in member_ids and a.reference not in but)
        return by_key(found, lambda a: a.reference)

    def agreement_with_file(self, sha256: str) -> Agreement | None:
        renewed = {e.reference for e in self.state.archive.values() if e.sha256 == sha256 and e.kind.startswith(f"{RENEWAL_KIND}-")}
        found = (a for a in self.state.agreements.values() if any(one.sha256 == sha256 for one in a.artefacts) or a.reference in renewed)
        return next(found, None)

    def add_fact(self, reference: str, fact: Fact) -> None:
        self._check_writes()
        agreement = self.agreement(reference)
        if any((f.version, f.key) == (fact.version, fact.key) for f in agreement.facts):
            raise AlreadyRecorded(f"{reference} version {fact.version} has the fact {fact.key} already")
        kept = dataclasses.replace(fact, at=in_utc(fact.at), data=as_json(fact.data))
        self.state.agreements[reference] = dataclasses.replace(agreement, facts=(*agreement.facts, kept))

    def add_artefact(self, reference: str, artefact: Artefact) -> None:
        self._check_writes()
        agreement = self.agreement(reference)
        if any((a.version, a.stage) == (artefact.version, artefact.stage) for a in agreement.artefacts):
            raise AlreadyRecorded(f"{reference} version {artefact.version} has its {artefact.stage} artefact already")
        self.state.agreements[reference] = dataclasses.replace(agreement, artefacts=(*agreement.artefacts, artefact))

    def set_failure(self, reference: str, failure: Failure | None) -> None:
        self._update(self.state.agreements, reference, dataclasses.replace(self.agreement(reference), failure=failure))

    # claims
    def claim(self, name: str, holder: str, now: datetime, until: datetime) -> int:
        self._check_writes()
        held = self.state.claims.get(name)
        if held is not None and held.holder != holder and held.until is not None and held.until > now:
            raise Busy(f"claim {name} is held")
        fence = held.fence + 1 if held else 1
        self.state.claims[name] = HeldClaim(holder, fence, until)
        return fence

    def verify_claim(self, name: str, fence: int) -> None:
        self._check_writes()
        held = self.state.claims.get(name)
        if held is None or held.fence != fence:
            raise Busy(f"claim {name} was taken since fence {fence}")

    def release_claim(self, name: str, fence: int) -> None:
        self._check_writes()
        held = self.state.claims.get(name)
        if held is not None and held.fence == fence:
            self.state.claims[name] = dataclasses.replace(held, until=None)

    # journal and outbox
    def add_event(self, event: Event) -> None:
        salted = {name: Salted(name, value, self._salts()) for name, value in event.personal.items()}
        canonical = canonical_event(event, salted)
        self._add(self.state.events, event.id, RecordedEvent(dataclasses.replace(event, data=as_json(event.data)), salted, canonical))

    def events(self, reference: str | None = None, *, after: int = 0, limit: int = 1000) -> Sequence[JournalEntry]:
        found = (e for e in self.state.events.values() if reference in {None, e.event.reference})
        return [self._entry(recorded) for recorded in found][after : after + limit]

    def _entry(self, recorded: RecordedEvent) -> JournalEntry:
        leaf = hashlib.sha256(b"\x00" + recorded.canonical).hexdigest()
        return JournalEntry(self.state.indexes.get(recorded.event.id), recorded.event, leaf, recorded.canonical)

    def enqueue(self, outgoing: Outgoing) -> None:
        self._check_writes()
        if not any(o.key == outgoing.key for o in self.state.outbox.values()):
            self._add(self.state.outbox, outgoing.id, outgoing)

    def outgoing(self, outgoing_id: str) -> Outgoing:
        return self._get(self.state.outbox, outgoing_id, "outbox row")

    def lease_outgoing(self, now: datetime, until: datetime, limit: int) -> Sequence[Outgoing]:
        self._check_writes()
        due = (o for o in self.state.outbox.values() if o.state is OutgoingState.WAITING and o.due_at <= now)
        free = [o for o in due if o.leased_until is None or o.leased_until <= now]
        leased = [dataclasses.replace(o, lease=o.lease + 1, leased_until=until) for o in sorted(free, key=lambda o: o.due_at)[:limit]]
        self.state.outbox.update({o.id: o for o in leased})
        return leased

    def update_outgoing(self, outgoing: Outgoing) -> bool:
        self._check_writes()
        if self.outgoing(outgoing.id).lease != outgoing.lease:
            return False
        self.state.outbox[outgoing.id] = outgoing
        return True

    def outgoing_of(self, reference: str) -> Sequence[Outgoing]:
        return [o for o in self.state.outbox.values() if o.reference == reference]

    def dead_letters(self) -> Sequence[Outgoing]:
        return [o for o in self.state.outbox.values() if o.state is OutgoingState.DEAD]

    def count_late(self, due_before: datetime) -> int:
        return sum(o.state is OutgoingState.WAITING and o.due_at < due_before for o in self.state.outbox.values())
