"""The outbox: mails, orders, attempts and dead letters."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind, Stage
from conventions.canonical import sha256_hex
from conventions.effect import effect_on
from conventions.errors import EvidenceBroken, InputRefused, RuleRefused, UpstreamUnavailable
from conventions.outgoing import RETRY_AFTER, Outgoing, OutgoingState, Template, retry_at
from conventions.people import Civility, Person
from conventions.ports.delivery import ActivationOrder, Receipt
from conventions.status import Status
from conventions.steps import activate, deliver, notify, redraft, replay, return_to_member, settle_order, sign
from tests.builders import example_programme
from tests.fakes.world import World

DOWN = UpstreamUnavailable("down")


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
    sign.sign(world.ports, cookie, code, accepted=True, document_sha256=view.document_sha256)
    member_id = world.agreement(reference).member_id
    with world.registry.write() as tx:
        tx.update_member(replace(tx.member(member_id), second_mail=None))
    world.deliver()
    assert Template.SECOND_ADDRESS_NOTICE not in {notice.template for notice in world.mailer.sent}


def test_greetings() -> None:
    assert notify.greeting(Person(Civility.MADAME, "A", "B", "présidente")) == "Madame la Présidente"
    assert notify.greeting(Person(Civility.MONSIEUR, "A", "B", "maire")) == "Monsieur le Maire"
    assert notify.greeting(Person(Civility.MADAME, "A", "B", "adjointe au maire")) == "Madame l’Adjointe au maire"
    assert notify.greeting(Person(Civility.MONSIEUR, "A", "B", "élu délégué")) == "Monsieur l’Élu délégué"


def test_a_copy_sent_again_after_a_crash_is_recorded_once() -> None:
    world = World()
    reference = world.archived()
    activate.activate(world.ports, reference)
    world.deliver()
    with world.registry.read() as tx:
        row = next(row for row in tx.outgoing_of(reference) if row.template is Template.COSIGNED_COPY)
    notify.notify(world.ports, row)
    copies = [notice for notice in world.mailer.sent if notice.template is Template.COSIGNED_COPY]
    assert [notice.id for notice in copies] == [row.id, row.id]
    assert len([fact for fact in world.agreement(reference).facts if fact.kind is FactKind.NOTIFIED]) == 1


def test_a_row_taken_by_another_worker_is_not_made_a_dead_letter_by_the_late_one() -> None:
    world = World()
    world.mailer.failure = DOWN
    world.invited()
    now = world.clock.advance(timedelta(minutes=1))
    with world.registry.write() as tx:
        (late,) = tx.lease_outgoing(now, now + timedelta(minutes=2), 1)
    now = world.clock.advance(timedelta(minutes=3))
    with world.registry.write() as tx:
        (row,) = tx.lease_outgoing(now, now + timedelta(minutes=2), 1)
    world.mailer.failure = InputRefused("refused for good", code="mail.address_refused")
    deliver.deliver(world.ports, late)
    with world.registry.read() as tx:
        assert tx.dead_letters() == []
        assert tx.outgoing(row.id) == row


def test_what_happened_to_a_version_is_told_even_when_the_next_one_stands() -> None:
    world = World()
    reference = world.invited()
    world.sign(reference)
    world.mailer.failure = DOWN
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, "Le référent a changé.")
    redraft.redraft(world.ports, reference, "agent")
    world.deliver()
    world.mailer.failure = None
    world.clock.advance(timedelta(minutes=10))
    world.deliver()
    with world.registry.read() as tx:
        assert tx.dead_letters() == []
    by_template = {notice.template: notice for notice in world.mailer.sent}
    assert by_template[Template.RETURNED].values["reason"] == "Le référent a changé."
    assert by_template[Template.SECOND_ADDRESS_NOTICE].values["signer"] == "Mme Maëlle Le Goff-Exemple"
    signed = world.agreement(reference).required_artefact(Stage.MEMBER_SIGNED, 1)
    assert sha256_hex(by_template[Template.MEMBER_RECEIPT].attachments[0].data) == signed.sha256


# orders
def test_service_down_then_back_orders_once() -> None:
    world = World()
    reference = world.archived()
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
    reference = world.archived()
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
        self.world = world
        self.row: Outgoing | None = None

    def deliver(self, order: ActivationOrder) -> Receipt:
        receipt = self.world.activation.deliver(order)
        assert self.row is not None
        settle_order.settle_order(self.world.ports, self.row)
        return receipt


def test_two_workers_settle_one_order_once() -> None:
    world = World()
    reference = world.archived()
    activate.activate(world.ports, reference)
    racing = Racing(world)
    with world.registry.read() as tx:
        row = next(row for row in tx.outgoing_of(reference) if row.template is Template.ORDER)
    racing.row = row
    settle_order.settle_order(replace(world.ports, activation=racing), row)
    assert len(world.activation.orders) == 1


def test_an_order_that_the_signed_file_does_not_give_is_not_delivered() -> None:
    world = World()
    reference = world.archived()
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
    reference = world.archived()
    activate.activate(world.ports, reference)
    world.ports = replace(world.ports, activation=Odd())
    world.deliver()
    with world.registry.read() as tx:
        assert {row.last_error_code for row in tx.dead_letters()} == {"order.refused"}


def test_effect_is_retroactive_only_by_a_recorded_clause() -> None:
    world = World()
    reference = world.archived()
    now = world.clock.now()
    with world.registry.read() as tx:
        assert effect_on(tx, tx.agreement(reference), now) == date(2026, 1, 12)
    again = World()
    again.registry.state.programmes[again.programme.id] = example_programme(retroactive_effect=True)
    reference = again.invited()
    with again.registry.read() as tx:
        assert effect_on(tx, tx.agreement(reference), now) == date(2026, 1, 1)
