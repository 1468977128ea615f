"""Contract of the registry: what people tell the agents, and what waits for one of them, alike on every database."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from conventions.agreements import FactKind, Failure
from conventions.attentions import Attention, AttentionKind
from conventions.canonical import sha256_hex
from conventions.errors import AlreadyRecorded, NotFound
from conventions.events import Event
from conventions.links import Closure, CodeRequest, Link, Purpose, Visit, VisitorKind
from conventions.outgoing import Outgoing, OutgoingState, Template
from conventions.ports.registry import Registry, Transaction
from conventions.search import Wanted
from conventions.standing import STILL_AFTER, Surroundings, stuck_because
from conventions.status import Status, status_of
from storage.migrations import ensure_schema
from storage.registry import SqlRegistry
from storage.registry.engine import open_engine
from tests.contract.storage.records import LATER, NOW, agreement, fact, seed, seed_agreement

QUESTION = Attention("t-1", "2026-0001", AttentionKind.QUESTION, NOW, "Le montant\nest-il annuel ?", "maelle@abers.invalid", "l-1")
NOTE = Attention("t-2", "2026-0001", AttentionKind.NOTE, LATER, "Rappelée.", "Agent")
SETTLED = dataclasses.replace(QUESTION, settled_at=LATER, settled_by="Agent", remark="Oui.")
AWAITED_UNTIL = NOW + timedelta(days=30)


def test_what_is_told_is_listed_counted_and_settled(registry: Registry) -> None:
    with registry.write() as tx:
        seed_agreement(tx)
        tx.add_attention(QUESTION)
        tx.add_attention(NOTE)
        with pytest.raises(AlreadyRecorded):
            tx.add_attention(QUESTION)
        with pytest.raises(NotFound):
            tx.update_attention(dataclasses.replace(QUESTION, id="t-9"))
    with registry.read() as tx:
        assert tx.attentions_of("2026-0001") == [QUESTION, NOTE]
        assert tx.attentions_of("2026-0002") == []
        assert dict(tx.count_attentions()) == {AttentionKind.QUESTION: 1}
    with registry.write() as tx:
        tx.update_attention(SETTLED)
    with registry.read() as tx:
        assert tx.attentions_of("2026-0001") == [SETTLED, NOTE]
        assert not tx.count_attentions()


def test_words_are_purged_once_settled_for_long_and_never_before(registry: Registry) -> None:
    waiting = dataclasses.replace(QUESTION, id="t-3")
    with registry.write() as tx:
        seed_agreement(tx)
        for one in (SETTLED, NOTE, waiting):
            tx.add_attention(one)
        assert tx.purge_attentions(LATER) == 0
        assert tx.purge_attentions(LATER + timedelta(seconds=1)) == 2
        assert tx.purge_attentions(LATER + timedelta(seconds=1)) == 0
    with registry.read() as tx:
        assert tx.attentions_of("2026-0001") == [bare(SETTLED), bare(NOTE), waiting]


def bare(one: Attention) -> Attention:
    return dataclasses.replace(one, text="", by="", settled_by="", remark="")


def test_surroundings_are_read_for_several_at_once(registry: Registry) -> None:
    visit = Visit("v-1", "l-2", sha256_hex(b"x"), NOW, LATER, VisitorKind.PERSON, "language")
    code = CodeRequest("c-1", "l-2", "ab" * 32, NOW)
    with registry.write() as tx:
        for number, member_id in enumerate(seed(tx, members=3), 1):
            tx.add_agreement(agreement(f"2026-{number:04d}", member_id))
            tx.add_link(_link(number))
        tx.add_visit(visit)
        tx.add_code_request(code)
        tx.enqueue(_row(1))
        tx.add_attention(QUESTION)
    with registry.read() as tx:
        assert tx.surroundings([]) == {}
        assert tx.surroundings(["2026-0002", "2026-0001", "2026-0001"]) == {
            "2026-0001": Surroundings(links=(_link(1),), outgoing=(_row(1),), attentions=(QUESTION,)),
            "2026-0002": Surroundings(links=(_link(2),), visits=(visit,), codes=(code,)),
        }


def test_statuses_are_counted_at_the_instant(registry: Registry) -> None:
    with registry.write() as tx:
        for number, member_id in enumerate(seed(tx, members=3), 1):
            _awaiting(tx, number, member_id)
        tx.add_fact("2026-0001", fact(FactKind.MEMBER_SIGNED))
    with registry.read() as tx:
        assert dict(tx.count_statuses(NOW)) == {Status.AWAITING_MEMBER: 2, Status.AWAITING_COUNTERSIGNATURE: 1}
        late = AWAITED_UNTIL + timedelta(seconds=1)
        assert dict(tx.count_statuses(late)) == {Status.EXPIRED: 2, Status.AWAITING_COUNTERSIGNATURE: 1}


def _fail(tx: Transaction) -> None:
    tx.set_failure("2026-0001", Failure("archive", "upstream.unavailable", NOW, 1))


def _lose(tx: Transaction, template: Template = Template.INVITATION) -> None:
    tx.enqueue(dataclasses.replace(_row(1, template), state=OutgoingState.DEAD))


def _lose_code(tx: Transaction) -> None:
    _lose(tx, Template.CODE)


def _lose_of_replaced_link(tx: Transaction) -> None:
    _lose(tx)
    tx.update_link(dataclasses.replace(_link(1), closed_as=Closure.REPLACED, closed_at=NOW))
    tx.add_link(dataclasses.replace(_link(1), id="l-9"))


def _lock(tx: Transaction) -> None:
    tx.update_link(dataclasses.replace(_link(1), closed_as=Closure.LOCKED, closed_at=NOW))


def _lock_then_send_another(tx: Transaction) -> None:
    _lock(tx)
    tx.add_link(dataclasses.replace(_link(1), id="l-9"))


def _lock_then_draft_again(tx: Transaction) -> None:
    _lock(tx)
    tx.add_fact("2026-0001", fact(FactKind.DRAFTED, version=2))
    tx.add_fact("2026-0001", fact(FactKind.PREPARED, version=2))


def _lock_then_decline(tx: Transaction) -> None:
    _lock(tx)
    tx.add_fact("2026-0001", fact(FactKind.DECLINED, reason=""))


def _ask(tx: Transaction) -> None:
    tx.add_attention(QUESTION)


def _settle(tx: Transaction) -> None:
    tx.add_attention(SETTLED)
    tx.add_attention(NOTE)


def _return(tx: Transaction) -> None:
    tx.add_fact("2026-0001", fact(FactKind.MEMBER_SIGNED))
    tx.add_fact("2026-0001", fact(FactKind.RETURNED, reason="x"))


def _quarantine(tx: Transaction) -> None:
    tx.add_fact("2026-0001", fact(FactKind.QUARANTINED, number=1, reason="x"))


def _draft_again(tx: Transaction) -> None:
    tx.add_fact("2026-0001", fact(FactKind.DRAFTED, version=2))


def _nothing(tx: Transaction) -> None:
    del tx


@pytest.mark.parametrize(
    ("happens", "at", "expected"),
    [
        (_nothing, NOW, False),
        (_fail, NOW, True),
        (_ask, NOW, True),
        (_settle, NOW, False),
        (_lose, NOW, True),
        (_lose_code, NOW, False),
        (_lose_of_replaced_link, NOW, False),
        (_lock, NOW, True),
        (_lock, AWAITED_UNTIL + timedelta(seconds=1), False),
        (_lock_then_send_another, NOW, False),
        (_lock_then_draft_again, NOW, False),
        (_lock_then_decline, NOW, False),
        (_return, NOW, True),
        (_quarantine, NOW, True),
        (_draft_again, NOW + STILL_AFTER, False),
        (_draft_again, NOW + STILL_AFTER + timedelta(seconds=1), True),
    ],
)
def test_what_waits_for_an_agent_is_found_as_it_is_computed(
    registry: Registry, happens: Callable[[Transaction], None], at: object, *, expected: bool
) -> None:
    with registry.write() as tx:
        for number, member_id in enumerate(seed(tx, members=3), 1):
            _awaiting(tx, number, member_id)
            tx.add_link(_link(number))
        happens(tx)
    assert isinstance(at, type(NOW))
    wanted = ["2026-0001"] if expected else []
    with registry.read() as tx:
        around = tx.surroundings(["2026-0001"])["2026-0001"]
        one = tx.agreement("2026-0001")
        assert stuck_because(one, status_of(one, at), around, at).is_to_handle is expected
        assert [found.reference for found in tx.find_agreements(Wanted(to_handle=True), at)] == wanted
        assert tx.count_to_handle(at) == len(wanted)
        assert not tx.find_agreements(Wanted(to_handle=True), at, after="2026-0001")
        assert not tx.find_agreements(Wanted(to_handle=True, text="rien"), at)


def test_an_alert_of_no_agreement_is_nobodys(registry: Registry) -> None:
    with registry.write() as tx:
        seed_agreement(tx)
        tx.add_fact("2026-0001", fact(FactKind.PREPARED, at=NOW))
        alert = Outgoing("o-9", "archive_alert:archive:x", Template.ARCHIVE_ALERT, "archive", NOW, {}, OutgoingState.DEAD)
        tx.enqueue(alert)
    with registry.read() as tx:
        assert tx.count_to_handle(NOW) == 0


def _awaiting(tx: Transaction, number: int, member_id: str) -> None:
    reference = f"2026-{number:04d}"
    tx.add_agreement(agreement(reference, member_id))
    tx.add_fact(reference, fact(FactKind.DRAFTED))
    tx.add_fact(reference, fact(FactKind.PREPARED))
    tx.add_fact(reference, fact(FactKind.INVITED, link_id=f"l-{number}", deadline=AWAITED_UNTIL.isoformat()))


def _link(number: int) -> Link:
    return Link(f"l-{number}", f"2026-{number:04d}", 1, Purpose.SIGN, "maelle@abers.invalid", NOW, AWAITED_UNTIL)


def _row(number: int, template: Template = Template.INVITATION) -> Outgoing:
    reference = f"2026-{number:04d}"
    return Outgoing(f"o-{number}", f"{template}:{reference}:l-{number}", template, reference, NOW, {"link_id": f"l-{number}"})


def test_a_question_flagged_by_an_earlier_version_waits_as_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'earlier.db'}"
    ensure_schema(url)
    earlier = SqlRegistry(url)
    with earlier.write() as tx:
        reference = seed_agreement(tx)
        tx.set_failure(reference, Failure("question", "question.asked", NOW, 1))
        tx.add_event(Event("e-1", "question.asked", NOW, reference, {}, {"text": "Le montant ?"}))
    earlier.close()
    engine = open_engine(url)
    with engine.begin() as connection:
        for statement in EARLIER:
            connection.execute(text(statement))
    engine.dispose()

    ensure_schema(url)

    now = SqlRegistry(url)
    with now.read() as tx:
        assert tx.attentions_of(reference) == [Attention("e-1", reference, AttentionKind.QUESTION, NOW, "Le montant ?")]
        assert tx.agreement(reference).failure is None
    now.close()


EARLIER = (
    "DROP TABLE model_reads",
    "DROP TABLE attentions",
    "DROP INDEX ix_agreements_failed",
    "DROP INDEX ix_outbox_dead",
    "DROP INDEX ix_links_locked",
    "DROP INDEX ix_search_statuses_found",
    "CREATE INDEX ix_search_statuses_status_reference ON search_statuses (status, reference)",
    "UPDATE alembic_version SET version_num = '0005'",
)
"""Back to the schema before what people tell had its table."""
