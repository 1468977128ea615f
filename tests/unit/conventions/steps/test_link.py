"""The signer's link: what it opens, when it dies, and reading the document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from conventions.errors import LinkRefused, NotFound, RuleRefused
from conventions.links import Purpose
from conventions.preparation import preparation_of
from conventions.status import Status
from conventions.steps import (
    complete_data,
    open_link,
    read_page,
    reissue_link,
    send_code,
    sign,
    signer_view,
)
from conventions.views import SignerStage
from tests.fakes.world import BROWSER, World


def test_reading_the_link_records_nothing() -> None:
    world = World()
    reference = world.invited()
    with world.registry.read() as tx:
        before = len(tx.events())
    preview = open_link.preview_link(world.ports, world.token(reference))
    assert preview.purpose is Purpose.SIGN
    assert preview.demonstration
    with world.registry.read() as tx:
        assert len(tx.events()) == before


def test_wrong_foreign_expired_replaced_and_old_links_answer_the_same() -> None:
    world = World()
    reference = world.invited()
    token = world.token(reference)
    identifier, mac = token.split(".")
    refused = ["", "x", "x.y", f"{identifier}.", f"{identifier}.{'A' * len(mac)}", f"{identifier}.é"]
    reissue_link.reissue_link(world.ports, reference, "agent")
    refused.append(token)
    codes = set()
    for bad in refused:
        with pytest.raises(LinkRefused) as error:
            open_link.open_link(world.ports, bad, BROWSER)
        codes.add(error.value.code)
    world.deliver()
    fresh = world.token(reference)
    assert fresh != token
    open_link.preview_link(world.ports, fresh)
    world.clock.advance(timedelta(days=61))
    with pytest.raises(LinkRefused) as error:
        open_link.preview_link(world.ports, fresh)
    assert codes | {error.value.code} == {"link.refused"}
    assert world.status(reference) is Status.EXPIRED


def test_a_link_of_an_earlier_version_is_dead() -> None:
    world = World()
    reference = world.invited()
    with world.registry.write() as tx:
        link = tx.links_of(reference)[0]
        tx.update_link(replace(link, version=2))
    with pytest.raises(LinkRefused):
        open_link.preview_link(world.ports, world.token(reference))


def test_a_link_left_open_by_an_earlier_version_opens_nothing() -> None:
    world = World()
    reference = world.invited()
    with world.registry.write() as tx:
        tx.add_fact(reference, replace(tx.agreement(reference).facts[0], version=2))
    with pytest.raises(LinkRefused) as error:
        open_link.preview_link(world.ports, world.token(reference))
    assert error.value.code == "link.refused"


def test_a_visit_ends_when_its_link_is_replaced() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    reissue_link.reissue_link(world.ports, reference, "agent")
    with pytest.raises(LinkRefused) as error:
        signer_view.signer_view(world.ports, cookie)
    assert error.value.code == "link.refused"


def test_the_other_person_can_say_so() -> None:
    world = World()
    reference = world.invited()
    open_link.refuse_identity(world.ports, world.token(reference), BROWSER)
    with world.registry.read() as tx:
        assert tx.events(reference)[-1].event.type == "link.identity_refused"


def test_a_cookie_opens_only_its_own_purpose_and_time() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    with pytest.raises(LinkRefused):
        complete_data.data_form(world.ports, cookie)
    with pytest.raises(LinkRefused) as error:
        signer_view.signer_view(world.ports, "autre")
    assert error.value.code == "link.visit_ended"
    world.clock.advance(timedelta(days=1, seconds=1))
    with pytest.raises(LinkRefused):
        signer_view.signer_view(world.ports, cookie)


def test_nothing_is_signed_before_every_part_is_turned() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    view = read_page.read_page(world.ports, cookie, 1, "picture")
    read_page.read_page(world.ports, cookie, 1, "text")
    assert [part.is_turned for part in view.parts] == [True, False, False]
    assert view.stage is SignerStage.READING
    assert len(view.parts_left) == 2
    refused: tuple[Callable[[], object], ...] = (
        lambda: send_code.send_code(world.ports, cookie),
        lambda: sign.sign(world.ports, cookie, "123456", accepted=True, document_sha256=view.document_sha256),
    )
    for go_on in refused:
        with pytest.raises(RuleRefused) as error:
            go_on()
        assert error.value.code == "reading.unfinished"
        assert error.value.details == {"left": 2}
    for part, served_as in ((0, "picture"), (4, "picture"), (1, "film")):
        with pytest.raises(NotFound):
            read_page.read_page(world.ports, cookie, part, served_as)


def test_pictures_are_drawn_once_and_only_of_pages_that_exist() -> None:
    world = World()
    cookie = world.visit(world.invited())
    first = read_page.page_picture(world.ports, cookie, 3)
    assert read_page.page_picture(world.ports, cookie, 3) == first
    assert world.documents.pictures_drawn == 1
    for page in (0, 13):
        with pytest.raises(NotFound):
            read_page.page_picture(world.ports, cookie, page)


def test_the_file_downloaded_is_the_one_that_stands() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    name, prepared = read_page.document_bytes(world.ports, cookie)
    assert name == f"convention-{reference}.pdf"
    world.sign(reference)
    signed = read_page.document_bytes(world.ports, cookie)[1]
    assert signed.startswith(prepared)
    assert len(signed) > len(prepared)


def test_the_text_of_a_part_says_what_its_pages_say() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    assert reference in read_page.part_text(world.ports, cookie, 2)
    for part in (0, 4):
        with pytest.raises(NotFound):
            read_page.part_text(world.ports, cookie, part)
    read_page.read_page(world.ports, cookie, 2, "text")
    with world.registry.read() as tx:
        said = tx.events(reference)[-1].event.data
    assert said["sha256"] in world.working.objects
    assert said["sha256"] != preparation_of(world.agreement(reference)).sha256


def test_what_was_read_on_one_device_is_read_on_the_other() -> None:
    world = World()
    reference = world.invited()
    first = world.visit(reference)
    read_page.read_page(world.ports, first, 1, "picture")
    second = world.visit(reference)
    assert [part.is_turned for part in signer_view.signer_view(world.ports, second).parts] == [True, False, False]
