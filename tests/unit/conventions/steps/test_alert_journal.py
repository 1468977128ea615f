"""A journal that does not hold any more is told to the agents, once a day."""

from __future__ import annotations

from datetime import timedelta

from conventions.journal.verification import JournalFinding, Tampering
from conventions.outgoing import Template
from conventions.steps.alert_journal import alert_journal
from conventions.steps.verify_journal import JournalCheck
from tests.fakes.world import World

FINDINGS = (
    JournalFinding(Tampering.CHANGED, 7, "e-7"),
    JournalFinding(Tampering.REMOVED, 8, None),
    JournalFinding(Tampering.NEVER_SEQUENCED, None, "e-9"),
    JournalFinding(Tampering.HEAD_UNREADABLE, None, None),
)


def check(*findings: JournalFinding) -> JournalCheck:
    return JournalCheck(10, "0" * 64, (), findings)


def mails(world: World) -> list[str]:
    world.deliver()
    return [notice.values["findings"] for notice in world.mailer.sent if notice.template is Template.JOURNAL_ALERT]


def test_a_journal_that_holds_is_not_told() -> None:
    world = World()
    alert_journal(world.ports, check())
    assert mails(world) == []


def test_what_was_touched_is_told_once_a_day_by_rank_and_event() -> None:
    world = World()
    alert_journal(world.ports, check(*FINDINGS))
    alert_journal(world.ports, check(*FINDINGS))
    (told,) = mails(world)
    changed, removed, never, unreadable = told.splitlines()
    assert changed.endswith("(rang 7, événement e-7)")
    assert removed.endswith("(rang 8)")
    assert never.endswith("(événement e-9)")
    assert "(" not in unreadable
    assert world.mailer.sent[-1].to == world.rules.agents_mail
    world.clock.advance(timedelta(days=1))
    alert_journal(world.ports, check(FINDINGS[0]))
    assert len(mails(world)) == 2
    with world.registry.read() as tx:
        assert [entry.event.data["count"] for entry in tx.events() if entry.event.type == "journal.faults_found"] == [4, 4, 1]
