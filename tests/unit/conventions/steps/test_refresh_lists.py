"""Trusted lists that age are told once a day, and nobody is told anything while they are fresh."""

from __future__ import annotations

from datetime import datetime, timedelta

from conventions.outgoing import Template
from conventions.qualification import ListsState, ListState
from conventions.steps.refresh_lists import refresh_lists
from tests.fakes.lists import FakeLists
from tests.fakes.world import World

DAY = timedelta(days=1)


def lists_until(at: datetime) -> FakeLists:
    state = ListState("FR", "http://listes.invalid/fr.xml", at - 60 * DAY, at)
    return FakeLists(ListsState((state,), at))


def mails(world: World) -> list[str]:
    world.deliver()
    return [notice.values["findings"] for notice in world.mailer.sent if notice.template is Template.LISTS_ALERT]


def test_fresh_lists_are_counted_and_nobody_is_told() -> None:
    world = World()
    found = refresh_lists(world.ports, lists_until(world.clock.now() + 30 * DAY))
    assert (found.is_well, found.count) == (True, 1)
    assert mails(world) == []
    with world.registry.read() as tx:
        assert [entry.event.data for entry in tx.events() if entry.event.type == "lists.refreshed"] == [{"lists": 1, "ageing": 0}]


def test_a_list_that_ages_is_told_once_a_day() -> None:
    world = World()
    old = lists_until(world.clock.now() - DAY)
    assert not refresh_lists(world.ports, old).is_well
    refresh_lists(world.ports, old)
    assert mails(world) == ["FR\N{NO-BREAK SPACE}: périmée"]
    notice = world.mailer.sent[-1]
    assert (notice.to, notice.values["count"]) == (world.rules.agents_mail, "une liste")
    world.clock.advance(DAY)
    refresh_lists(world.ports, old)
    assert len(mails(world)) == 2


def test_lists_that_cannot_be_had_at_all_are_told_and_the_night_goes_on() -> None:
    world = World()
    assert refresh_lists(world.ports, FakeLists(None)).count == 0
    assert "n’a pas pu être obtenue" in mails(world)[0]


def test_a_folder_without_a_list_is_told_without_a_territory() -> None:
    world = World()
    refresh_lists(world.ports, FakeLists(ListsState((), None)))
    assert mails(world) == ["aucune liste n’est encore installée"]
