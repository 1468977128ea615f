"""The flows of every night: journal stamped and checked, archive read again, lists refreshed; what is wrong fails the run."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from contreseing.wiring import use_ports
from conventions.outgoing import Template
from conventions.qualification import ListsState, ListState
from flows.check_archive import check_archive
from flows.refresh_lists import refresh_lists
from flows.stamp_journal import stamp_journal
from tests.fakes.lists import FakeLists
from tests.fakes.world import World
from tests.flows.server import Prefect


def run(flow: Callable[..., Coroutine[Any, Any, Any]]) -> State[Any]:
    async def once() -> State[Any]:
        state: State[Any] = await flow(return_state=True)
        return state

    return asyncio.run(once())


def artifact(prefect: Prefect, key: str) -> str:
    return str(prefect.send("GET", f"/artifacts/{key}/latest")["data"])


def test_a_quiet_night(prefect: Prefect, world: World) -> None:
    world.archived(rank=20)

    stamped = run(stamp_journal)
    assert (stamped.is_completed(), len(world.registry.state.heads)) == (True, 1)
    assert "Le journal est intact." in artifact(prefect, "journal")
    checked = run(check_archive)
    assert checked.is_completed()
    assert "L’archive est intacte." in artifact(prefect, "archive")
    assert "6\xa0dossiers relus" in (checked.message or "")


def test_what_was_touched_fails_the_run_and_is_listed(prefect: Prefect, world: World) -> None:
    world.archived(rank=20)
    run(stamp_journal)
    segment, sealed = (next(key for key in world.archive.objects if f"-{kind}-" in key) for kind in ("segment", "sealed"))
    for key in (segment, sealed):
        world.archive.objects[key] = b"forged"

    assert run(stamp_journal).is_failed()
    world.deliver()
    assert [notice.template for notice in world.mailer.sent].count(Template.JOURNAL_ALERT) == 1
    assert "événements de cette empreinte absents" in artifact(prefect, "journal")
    checked = run(check_archive)
    assert checked.is_failed()
    assert "2\xa0anomalies" in (checked.message or "")
    assert "fichier tronqué" in artifact(prefect, "archive")


@pytest.mark.parametrize(("folders_checked", "said"), [(2, "2\xa0dossiers relus"), (0, "6\xa0dossiers relus")])
def test_as_many_folders_are_read_as_the_setting_says(prefect: Prefect, world: World, folders_checked: int, said: str) -> None:
    world.archived(rank=20)
    run(stamp_journal)
    rules = dataclasses.replace(world.ports.rules, folders_checked=folders_checked)
    with use_ports(dataclasses.replace(world.ports, rules=rules)):
        assert said in (run(check_archive).message or "")


def test_lists_are_refreshed_where_there_is_a_folder_for_them(prefect: Prefect, world: World) -> None:
    assert "Aucune liste" in (run(refresh_lists).message or "")
    for days, is_well in ((30, True), (-1, False)):
        until = world.clock.now() + timedelta(days=days)
        lists = FakeLists(ListsState((ListState("FR", "http://listes.invalid/fr.xml", until - timedelta(days=60), until),), until))
        with use_ports(dataclasses.replace(world.ports, lists=lists)):
            state = run(refresh_lists)
        assert state.is_completed() is is_well
        assert ("Toutes sont à jour." if is_well else "| FR | périmée |") in artifact(prefect, "lists")
