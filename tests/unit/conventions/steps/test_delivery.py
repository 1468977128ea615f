"""The outbox, orders, archive faults, resume, and what the office shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind, Stage
from conventions.errors import (
    ContreseingError,
    EvidenceBroken,
    InputRefused,
    NotFound,
    RuleRefused,
    UpstreamUnavailable,
    VerificationFailed,
)
from conventions.folder import archive_record, finish_pending, keep, retain_until
from conventions.kinds import Kind
from conventions.outgoing import RETRY_AFTER, OutgoingState, Template, retry_at
from conventions.people import Civility, Person
from conventions.ports.delivery import ActivationOrder, Receipt
from conventions.ports.registry import ArchiveEntry
from conventions.recording import quarantine
from conventions.sentences import SENTENCES, sentence, sentence_of
from conventions.status import Status
from conventions.steps import activate, archive, countersign, deliver, notify, office, replay, resume, settle_order
from conventions.steps.archive import final_stage
from tests.builders import example_programme
from tests.fakes.world import World

DOWN = UpstreamUnavailable("down")


def archived(world: World) -> str:
    reference = world.invited()
    world.sign(reference)
    countersign.countersign(world.ports, world.authorise(reference).id)
    archive.archive(world.ports, reference)
    return reference


def test_mail_down_is_tried_again_on_the_published_schedule_then_dead() -> None:
    world = World()
    world.mailer.failure = DOWN
    reference = world.invited()
    for delay in RETRY_AFTER:
        assert deliver.deliver_due(world.ports) == 0
        world.clock.advance(delay)
        assert deliver.deliver_due(world.ports) == 1
    with world.registry.read() as tx:
        (dead,) = tx.dead_letters()
    assert (dead.state, dead.attempts, dead.last_error_code) == (OutgoingState.DEAD, len(RETRY_AFTER) + 1, "upstream.unavailable")
    world.mailer.failure = None
    replay.replay(world.ports, dead.id, "agent")
    with pytest.raises(RuleRefused):
        replay.replay(world.ports, dead.id, "agent")
    world.deliver()
    assert [notice.template for notice in world.mailer.sent] == [Template.INVITATION]
    assert reference in world.mailer.sent[0].values["title"]


def test_an_address_refused_for_good_is_a_dead_letter_at_once() -> None:
    world = World()
    member = world.add_member(5)
    world.mailer.refused.add(member.representative_mail.address)
    world.invited(6)
    world.mailer.refused.add("representant7@membre.invalid")
    world.invited(7)
    with world.registry.read() as tx:
        assert [row.last_error_code for row in tx.dead_letters()] == ["mail.address_refused"]


def test_schedule_has_an_end() -> None:
    now = World().clock.now()
    assert retry_at(1, now) == now + RETRY_AFTER[0]
    assert retry_at(len(RETRY_AFTER) + 1, now) is None


def test_a_link_closed_before_its_mail_leaves_sends_nothing() -> None:
    world = World()
    world.mailer.failure = DOWN
    reference = world.invited()
    world.mailer.failure = None
    with world.registry.write() as tx:
        link = tx.links_of(reference)[0]
        tx.update_link(replace(link, expires_at=world.clock.now() - timedelta(seconds=1)))
    world.clock.advance(timedelta(minutes=1))
    world.deliver()
    assert world.mailer.sent == []


def test_a_code_too_late_is_not_sent() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    world.read_all(cookie)
    world.mailer.failure = DOWN
    world.clock.advance(timedelta(seconds=1))
    with pytest.raises(StopIteration):
        world.ask_code(cookie)
    world.mailer.failure = None
    world.clock.advance(timedelta(minutes=11))
    world.deliver()
    assert [notice.template for notice in world.mailer.sent] == [Template.INVITATION]


def test_no_second_address_no_notice() -> None:
    world = World()
    reference = world.invited(second_mail=None)
    world.sign(reference)
    world.deliver()
    assert Template.SECOND_ADDRESS_NOTICE not in {notice.template for notice in world.mailer.sent}


def test_a_second_address_withdrawn_before_its_notice_leaves() -> None:
    world = World()
    reference = world.invited()
    world.mailer.failure = None
    cookie = world.visit(reference)
    view = world.read_all(cookie)
    code = world.ask_code(cookie)
    from conventions.steps import sign  # noqa: PLC0415 only here

    sign.sign(world.ports, cookie, code, accepted=True, document_sha256=view.document_sha256)
    member_id = world.agreement(reference).member_id
    with world.registry.write() as tx:
        tx.update_member(replace(tx.member(member_id), second_mail=None))
    world.deliver()
    assert Template.SECOND_ADDRESS_NOTICE not in {notice.template for notice in world.mailer.sent}


def test_greetings() -> None:
    assert notify.greeting(Person(Civility.MADAME, "A", "B", "présidente")) == "Madame la Présidente"
    assert notify.greeting(Person(Civility.MONSIEUR, "A", "B", "maire")) == "Monsieur le Maire"


# orders
def test_service_down_then_back_orders_once() -> None:
    world = World()
    reference = archived(world)
    activate.activate(world.ports, reference)
    world.activation.failures["pes"] = DOWN
    world.deliver()
    assert world.status(reference) is Status.ARCHIVED
    del world.activation.failures["pes"]
    world.clock.advance(timedelta(minutes=1))
    world.deliver()
    assert world.status(reference) is Status.ACTIVE
    assert len(world.activation.orders) == world.activation.deliveries == 12


def test_an_order_delivered_again_is_not_recorded_twice() -> None:
    world = World()
    reference = archived(world)
    activate.activate(world.ports, reference)
    with world.registry.read() as tx:
        row = next(row for row in tx.outgoing_of(reference) if row.template is Template.ORDER)
    settle_order.settle_order(world.ports, row)
    settle_order.settle_order(world.ports, row)
    assert world.activation.deliveries == 1
    facts = [fact for fact in world.agreement(reference).facts if fact.kind is FactKind.ORDER_SETTLED]
    assert len(facts) == 1


class Racing:
    """An activation endpoint during whose answer another worker settles the same order."""

    def __init__(self, world: World) -> None:
        self.world, self.row = world, None

    def deliver(self, order: ActivationOrder) -> Receipt:
        receipt = self.world.activation.deliver(order)
        assert self.row is not None
        settle_order.settle_order(self.world.ports, self.row)
        return receipt


def test_two_workers_settle_one_order_once() -> None:
    world = World()
    reference = archived(world)
    activate.activate(world.ports, reference)
    racing = Racing(world)
    with world.registry.read() as tx:
        racing.row = next(row for row in tx.outgoing_of(reference) if row.template is Template.ORDER)
    settle_order.settle_order(replace(world.ports, activation=racing), racing.row)
    assert len(world.activation.orders) == 1


def test_an_order_that_the_signed_file_does_not_give_is_not_delivered() -> None:
    world = World()
    reference = archived(world)
    activate.activate(world.ports, reference)
    with world.registry.read() as tx:
        row = next(row for row in tx.outgoing_of(reference) if row.template is Template.ORDER)
    for ids in ({**row.ids, "service": "autre"}, {**row.ids, "key": "0" * 64}, {**row.ids, "order_version": "2"}):
        with pytest.raises(EvidenceBroken):
            settle_order.settle_order(world.ports, replace(row, ids=ids))
    assert world.activation.deliveries == 0


def test_an_unknown_answer_is_refused() -> None:
    class Odd:
        def deliver(self, order: ActivationOrder) -> Receipt:
            return Receipt("maybe", {"key": order.key})

    world = World()
    reference = archived(world)
    activate.activate(world.ports, reference)
    world.ports = replace(world.ports, activation=Odd())
    world.deliver()
    with world.registry.read() as tx:
        assert {row.last_error_code for row in tx.dead_letters()} == {"order.refused"}


def test_effect_is_retroactive_only_by_a_recorded_clause() -> None:
    world = World()
    reference = archived(world)
    now = world.clock.now()
    with world.registry.read() as tx:
        assert (
            settle_order.effect_on(tx, world.registry.state.agreements[reference] if False else tx.agreement(reference), now)
            == "2026-01-12"
        )
    again = World()
    again.registry.state.programmes[again.programme.id] = example_programme(retroactive_effect=True)
    reference = again.invited()
    with again.registry.read() as tx:
        assert settle_order.effect_on(tx, tx.agreement(reference), now) == "2026-01-01"


# archive and activation refuse what is not right
def test_an_invalid_file_is_quarantined_and_not_archived() -> None:
    world = World()
    reference = world.invited()
    world.sign(reference)
    countersign.countersign(world.ports, world.authorise(reference).id)
    world.signing.refuses.add(world.agreement(reference).required_artefact(Stage.SEALED).sha256)
    with pytest.raises(VerificationFailed):
        archive.archive(world.ports, reference)
    assert world.status(reference) is Status.QUARANTINED
    assert not [key for key in world.archive.objects if "-sealed-" in key]
    assert resume.resume(world.ports).done == ()
    quarantine(world.ports, reference, "verification.failed")
    assert len([fact for fact in world.agreement(reference).facts if fact.kind is FactKind.QUARANTINED]) == 1


def test_changed_working_bytes_are_quarantined() -> None:
    world = World()
    reference = world.invited()
    world.sign(reference)
    countersign.countersign(world.ports, world.authorise(reference).id)
    sha256 = world.agreement(reference).required_artefact(Stage.SEALED).sha256
    world.working.objects[sha256] = b"changed"
    with pytest.raises(EvidenceBroken):
        archive.archive(world.ports, reference)
    assert world.status(reference) is Status.QUARANTINED


@pytest.mark.parametrize("fault", ["bytes", "validation", "data", "reference", "services"])
def test_activation_reads_only_the_archived_validated_bytes(fault: str) -> None:
    world = World()
    reference = archived(world)
    key = world.agreement(reference).required_fact(FactKind.ARCHIVED).text("key")
    documents = world.documents
    if fault == "bytes":
        world.archive.objects[key] += b"\n"
    elif fault == "validation":
        facts = world.registry.state.facts if hasattr(world.registry.state, "facts") else None
        assert facts is None or facts
        world = without_validation(world, reference)
    else:
        said = dict(documents.read_agreement_data(world.archive.objects[key]))
        lie = {"data": {"demonstration": False}, "reference": {"reference": "2026-9999"}, "services": {"services": "toutes"}}[fault]

        class Lying:
            def read_agreement_data(self, data: bytes) -> object:
                return {**said, **lie}

        world.ports = replace(world.ports, documents=Lying())  # type: ignore[arg-type]
    with pytest.raises(EvidenceBroken):
        activate.activate(world.ports, reference)
    assert world.status(reference) is Status.QUARANTINED
    assert world.activation.deliveries == 0


def without_validation(world: World, reference: str) -> World:
    """Remove the recorded validation, as a tampered registry would."""
    agreement = world.registry.state.agreements[reference]
    kept = tuple(fact for fact in agreement.facts if fact.kind is not FactKind.VALIDATED)
    world.registry.state.agreements[reference] = replace(agreement, facts=kept)
    return world


def test_archive_down_waits_and_resumes() -> None:
    world = World()
    reference = world.invited()
    world.sign(reference)
    countersign.countersign(world.ports, world.authorise(reference).id)
    world.archive.down = True
    assert resume.resume(world.ports).waiting == ((reference, "archive", "archive.unavailable"),)
    world.archive.down = False
    assert resume.resume(world.ports).done == ((reference, "archive"), (reference, "activate"))
    with pytest.raises(NotFound):
        activate.activate(world.ports, world.invited(77))


def test_an_archive_that_answers_nothing_to_activation_is_waited_for() -> None:
    world = World()
    reference = archived(world)
    world.archive.down = True
    with pytest.raises(UpstreamUnavailable):
        activate.activate(world.ports, reference)
    assert world.status(reference) is Status.ARCHIVED


def test_pending_intents_are_finished_and_numbers_are_taken_once() -> None:
    world = World()
    reference = world.invited()
    until = retain_until(world.programme, 10)
    world.archive.down = True
    with pytest.raises(UpstreamUnavailable):
        keep(world.ports, reference, "note", b"un", until)
    world.archive.down = False
    assert finish_pending(world.ports, reference) == 1
    assert keep(world.ports, reference, "note", b"un", until).seq == 1
    assert keep(world.ports, reference, "note", b"deux", until).seq == 2


def test_a_pending_intent_never_takes_other_bytes() -> None:
    world = World()
    reference = world.invited()
    with world.registry.write() as tx:
        tx.add_archive_entry(ArchiveEntry(reference, 1, "note", "0" * 64, 1, "k", world.clock.now()))
    world.working.objects["0" * 64] = b"x"
    with pytest.raises(EvidenceBroken):
        finish_pending(world.ports, reference)


def test_lock_dates_exist_in_every_year() -> None:
    programme = replace(example_programme(), ends_on=example_programme().ends_on.replace(year=2028, month=2, day=29))
    assert retain_until(programme, 1).isoformat() == "2029-02-28T23:59:59+00:00"
    assert retain_until(example_programme(), 10).isoformat() == "2040-12-31T23:59:59+00:00"


def test_record_and_final_stage() -> None:
    world = World()
    reference = world.invited()
    agreement = world.agreement(reference)
    assert reference.encode() in archive_record(agreement, world.clock.now())
    assert final_stage(replace(agreement, kind=Kind.CHARTER)) is Stage.MEMBER_SIGNED


# the office
def test_the_office_sees_whose_turn_it_is() -> None:
    world = World()
    first, second = world.invited(1), world.invited(2)
    world.sign(first)
    cookie = world.session(Role.AGENT)
    view = office.overview(world.ports, cookie)
    assert dict(view.counts) == {Status.AWAITING_MEMBER: 1, Status.AWAITING_COUNTERSIGNATURE: 1}
    every = office.agreement_lines(world.ports, cookie, campaign_id=None, status=None, after="", limit=10)
    assert [line.reference for line in every] == [first, second]
    waiting = office.agreement_lines(world.ports, cookie, campaign_id=None, status=Status.AWAITING_MEMBER, after="", limit=10)
    assert [line.reference for line in waiting] == [second]
    assert office.agreement_lines(world.ports, cookie, campaign_id=None, status=None, after=first, limit=1)[0].reference == second
    assert office.agreement_view(world.ports, cookie, first).status is Status.AWAITING_COUNTERSIGNATURE


def test_files_are_read_by_digest_and_the_reading_is_journalled() -> None:
    world = World()
    reference = world.invited()
    cookie = world.session(Role.AUDITOR)
    sha256 = world.agreement(reference).required_artefact(Stage.PREPARED).sha256
    name, data = office.file_bytes(world.ports, cookie, reference, sha256)
    assert (name, data) == (f"convention-{reference}-prepared.pdf", world.working.objects[sha256])
    with world.registry.read() as tx:
        assert tx.events(reference)[-1].event.type == "file.read"
    with pytest.raises(NotFound):
        office.file_bytes(world.ports, cookie, reference, "0" * 64)


def test_late_and_dead_are_counted() -> None:
    world = World()
    world.mailer.failure = DOWN
    world.invited()
    world.clock.advance(timedelta(minutes=5))
    report = resume.resume(world.ports)
    assert (report.late_outgoing, report.dead_letters) == (1, 0)


def test_busy_is_not_a_failure() -> None:
    world = World()
    member = world.add_member()
    world.open_campaign()
    from conventions.steps import draft  # noqa: PLC0415 only here

    reference = draft.draft(world.ports, "essai-2026", member.id)
    now = world.clock.now()
    with world.registry.write() as tx:
        tx.claim(f"agreement:{reference}", "autre", now, now + timedelta(minutes=1))
    assert resume.resume(world.ports).waiting == ((reference, "prepare", "upstream.busy"),)
    assert world.agreement(reference).failure is None


# sentences
def test_every_sentence_reads_without_details_too() -> None:
    for code in SENTENCES:
        assert "{" not in sentence_of(code)


def test_sentences_are_filled_from_details() -> None:
    error = RuleRefused("x", code="code.wrong", tries_left=2)
    assert "2 essai" in sentence(error)
    assert sentence(ContreseingError("x", code="unknown.code")) == SENTENCES["internal"]
    assert sentence(InputRefused("x", code="unknown.code")) == SENTENCES["input.refused"]
