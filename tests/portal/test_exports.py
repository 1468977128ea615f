"""The list of agreements as a file: made and sent page by page, journalled, refused before its first byte."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pytest

from conventions.accounts import Role
from conventions.errors import LinkRefused
from conventions.search import Wanted
from conventions.views import AgreementLine
from portal.office.searching import every_page, render_csv, render_json
from portal.settings import Site
from tests.fakes.world import World
from tests.portal.sites import Visitor, enter, portal_of


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.OFFICE)


def exports(world: World) -> list[object]:
    with world.registry.read() as tx:
        return [entry.event.data["format"] for entry in tx.events() if entry.event.type == "list.exported"]


def test_a_file_is_sent_as_it_is_made_and_journalled(world: World, visitor: Visitor) -> None:
    references = [world.invited(rank) for rank in (1, 2, 3)]
    enter(visitor, world, Role.AGENT)
    for form in ("csv", "json"):
        visitor.open(f"/conventions/liste.{form}")
        assert "content-length" not in visitor.page.headers  # nobody waited for the whole
        assert all(reference in visitor.page.text for reference in references)
    assert exports(world) == ["csv", "json"]


def test_no_more_than_a_page_is_read_before_the_page_before_left(world: World) -> None:
    references = [world.invited(rank) for rank in range(1, 6)]
    read = list[Sequence[AgreementLine]]()

    def pages() -> Iterator[Sequence[AgreementLine]]:
        for page in every_page(world.ports, world.session(Role.AGENT), Wanted(), page_size=2):
            read.append(page)
            yield page

    pieces = render_json(pages())
    next(pieces)
    assert [len(page) for page in read] == [2]
    rest = b"".join(pieces)
    assert [len(page) for page in read] == [2, 2, 1]
    whole = b"".join(render_json(every_page(world.ports, world.session(Role.AGENT), Wanted(), page_size=2)))
    assert [one["reference"] for one in json.loads(whole)] == references
    assert whole.endswith(rest)
    lines = b"".join(render_csv(every_page(world.ports, world.session(Role.AGENT), Wanted(), page_size=5))).decode("utf-8-sig")
    assert [line.split(";")[0] for line in lines.splitlines()[1:]] == references


def test_an_empty_list_is_a_file_all_the_same(world: World, visitor: Visitor) -> None:
    enter(visitor, world, Role.AGENT)
    visitor.open("/conventions/liste.json")
    assert visitor.page.json() == []
    visitor.open("/conventions/liste.csv")
    assert len(visitor.page.text.splitlines()) == 1


def test_who_may_not_read_is_told_before_any_byte(world: World, visitor: Visitor) -> None:
    with pytest.raises(LinkRefused):
        every_page(world.ports, "no session", Wanted())
    visitor.open("/conventions/liste.csv")
    assert "content-disposition" not in visitor.page.headers
    assert exports(world) == []
