"""What an agent reads at the end of a run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from conventions.errors import UpstreamUnavailable
from conventions.french import counted
from conventions.journal.heads import JournalHead
from conventions.recording import record_failure
from conventions.status import Status
from conventions.steps import decline
from conventions.steps.resume import ResumeReport
from conventions.steps.verify_journal import JournalCheck
from flows.check_archive import read_again
from flows.pipeline import title_of
from flows.reports import (
    LISTED,
    Standing,
    Trouble,
    artifact_key,
    campaign_standing,
    render_report,
    render_states,
    render_troubles,
    standing_of,
)
from flows.stages import ACTIVATE, ARCHIVE, INVITE, PREPARE, RESTAMP, drafting
from flows.stamp_journal import check_journal, render_check, stamp_new_events
from flows.sweep import render_attention, resume_all
from tests.fakes.world import CAMPAIGN, World

OFFICE = "https://gestion.invalid"
AT = datetime(2026, 1, 12, 9, tzinfo=UTC)


def test_standing_counts_statuses_and_names_what_needs_a_person() -> None:
    world = World()
    calm, failing, declined = (world.invited(rank) for rank in (14, 15, 16))
    record_failure(world.ports, failing, "archive", UpstreamUnavailable("down"))
    decline.decline(world.ports, world.visit(declined), "non")
    standing = campaign_standing(world.ports, CAMPAIGN)
    assert standing.counts == {Status.AWAITING_MEMBER: 2, Status.DECLINED: 1}
    assert standing.references == {failing, declined}
    assert standing_of(world.ports, [calm]).troubles == []
    assert campaign_standing(world.ports, None).total == 3
    assert campaign_standing(world.ports, "another").total == 0


def test_states_link_to_their_trackers() -> None:
    standing = Standing()
    standing.counts[Status.ACTIVE] = 3
    table = render_states(standing, "c-1")
    assert "[Active](/v2/runs?tab=flow-runs&tags=campaign:c-1:active) | Active | 3 |" in table
    assert "[Active](/v2/runs?tab=flow-runs&tags=stage:active)" in render_states(standing, None)


def test_troubles_link_to_the_office_and_are_cut_when_too_many() -> None:
    trouble = Trouble("2026-0001", "Commune | essai\n2", "archivage", "Un service ne répond pas.", AT)
    assert render_troubles([], OFFICE) == "Rien n’attend une personne."
    line = render_troubles([trouble], OFFICE).splitlines()[-1]
    assert line.startswith("| [2026\u20110001](https://gestion.invalid/conventions/2026-0001) | Commune \\| essai 2 | archivage |")
    assert line.endswith("| 12\u00a0janvier 2026 |")
    assert render_troubles([trouble] * (LISTED + 5), OFFICE).splitlines()[-1].startswith("5 autres")


def test_report_holds_its_notes_states_and_troubles() -> None:
    text = render_report("Campagne c-1", Standing(), OFFICE, "c-1", ["Interrompu."])
    assert text.startswith("# Campagne c-1\n\nInterrompu.\n\n## Où en sont les conventions\n\n")
    assert "## À regarder\u00a0: 0" in text


def test_attention_tells_the_late_the_dead_and_the_waiting() -> None:
    report = ResumeReport((), (("2026-0001", "archive", "upstream.unavailable"),), 1, 0)
    text = render_attention(Standing(), [], report, OFFICE)
    assert "1\u00a0envoi attend depuis plus de deux minutes" in text
    assert (
        "| [2026\u20110001](https://gestion.invalid/conventions/2026-0001) | archivage | Un service dont nous dépendons ne répond pas."
        in text
    )
    assert "En retard" not in render_attention(Standing(), [], ResumeReport((), (), 0, 0), OFFICE)


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("campagne", "Essai_2026"), "campagne-essai-2026"),
        (("a", "É/b", ""), "a-b"),
        (("x", "avancement"), "x-avancement"),
    ],
)
def test_artifact_key_is_one_that_prefect_takes(words: tuple[str, ...], key: str) -> None:
    assert artifact_key(*words) == key


def test_words() -> None:
    assert counted(1, "dossier", "dossiers") == "1\u00a0dossier"
    assert counted(0, "dossier", "dossiers") == "0\u00a0dossier"
    assert title_of(drafting("c-1"), ["m-1", "m-2"]) == "Ouvrir 2 dossiers"
    assert title_of(INVITE, ["2026-0001"]) == "Inviter 2026-0001 (1)"
    assert title_of(INVITE, ["2026-0001", "2026-0002"]) == "Inviter 2026-0001 ... 2026-0002 (2)"


def test_names_of_task_runs_hold_what_the_graph_can_draw() -> None:
    stages = (PREPARE, INVITE, ARCHIVE, RESTAMP, ACTIVATE, drafting("c-1"))
    assert all(title_of(stage, ["2026-0001", "2026-0002"]).isascii() for stage in stages)
    named = (resume_all, stamp_new_events, check_journal, read_again)
    assert all(str(task.task_run_name).isascii() for task in named)


def test_heads_of_a_journal_that_was_lost_are_counted_apart() -> None:
    head = JournalHead(5, "0" * 64, 0, datetime(2026, 1, 1, tzinfo=UTC), "0" * 64, {})
    assert "journal perdu" not in render_check(JournalCheck(5, "0" * 64, (head,), ()))
    told = render_check(JournalCheck(5, "0" * 64, (head,), (), (head, head)))
    assert "journal perdu, repris d’après l’archive\xa0: 2" in told
    assert "Le journal est intact." in told
