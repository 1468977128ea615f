"""A registry made again from the archive alone is equal to the lost one, but for what is said to be unknown."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import Any

import pytest

from conventions.accounts import Role
from conventions.agreements import Agreement, FactKind, Stage
from conventions.canonical import render_canonical, sha256_hex
from conventions.errors import NotFound, RuleRefused, UpstreamUnavailable
from conventions.status import Status, status_of
from conventions.steps import archive, countersign, handle, note, open_link, question, return_to_member
from conventions.steps.keep_actors import keep_actors
from conventions.steps.keep_member_file import keep_member_file
from conventions.steps.rebuild import UNKNOWN, RebuildReport, rebuild
from conventions.steps.stamp_journal import stamp_journal
from tests.fakes.registry import FakeRegistry
from tests.fakes.world import BROWSER, World


@pytest.fixture
def world() -> World:
    return World()


def rebuilt(world: World) -> tuple[FakeRegistry, RebuildReport]:
    fresh = FakeRegistry()
    return fresh, rebuild(world.ports, fresh)


def agreement(registry: FakeRegistry, reference: str) -> Agreement:
    with registry.read() as tx:
        return tx.agreement(reference)


def test_everything_archived_and_journalled_comes_back_equal(world: World) -> None:
    reference = world.archived()
    stamp_journal(world.ports)

    fresh, report = rebuilt(world)

    lost = world.registry.state
    assert agreement(fresh, reference) == world.agreement(reference)
    for name in ("members", "programmes", "delegations", "campaigns", "indexes", "leaves", "heads"):
        assert getattr(fresh.state, name) == getattr(lost, name), name
    assert [e.canonical for e in fresh.state.events.values()] == [e.canonical for e in lost.events.values()]
    assert {k: dataclasses.replace(e, completed_at=None) for k, e in fresh.state.archive.items()} == {
        k: dataclasses.replace(e, completed_at=None) for k, e in lost.archive.items()
    }
    assert (report.agreements, report.members, report.untold, report.journal, report.to_countersign_again) == (1, 1, (), (), ())
    assert (report.events, report.objects, report.personal_fields > 0) == (len(lost.indexes), len(world.archive.objects), True)
    with fresh.write() as tx:
        assert tx.next_reference(2026) == "2026-0002"


def test_what_people_told_comes_back_without_its_words_and_waits_again(world: World) -> None:
    reference, unsigned = world.member_signed(), world.invited(rank=15)
    keep_member_file(world.ports, reference)
    agent = f"a-{Role.AGENT}"
    for asked_of in (reference, unsigned):
        question.ask(world.ports, world.visit(asked_of), "Le nom est faux.")
    note.note(world.ports, reference, agent, "Rappelée.")
    open_link.refuse_identity(world.ports, world.token(reference), BROWSER)
    with world.registry.read() as tx:
        first = tx.attentions_of(reference)[0]
    handle.handle(world.ports, reference, first.id, agent, "Corrigé.")
    world.clock.advance(timedelta(minutes=1))
    question.ask(world.ports, world.visit(reference), "Et la date ?")
    with world.registry.read() as tx:
        lost = tx.attentions_of(reference)
    stamp_journal(world.ports)

    fresh, report = rebuilt(world)

    with fresh.read() as tx:
        made = tx.attentions_of(reference)
    assert made == [dataclasses.replace(one, by="", settled_by="", remark="", text=UNKNOWN if one.text else "") for one in lost]
    assert [one.is_waiting for one in made] == [False, False, True, True]
    assert report.told_without_words == 4


def test_unsigned_agreements_are_told_and_their_numbers_not_used_again(world: World) -> None:
    first = world.archived()
    second = world.invited(rank=15)
    stamp_journal(world.ports)

    fresh, report = rebuilt(world)

    assert (report.agreements, report.unsigned) == (1, (second,))
    with fresh.write() as tx:
        assert tx.next_reference(2026) == "2026-0003"
    assert first


def test_after_a_crash_what_the_member_signed_is_known_even_after_the_last_head(world: World) -> None:
    world.invited(rank=15)
    stamp_journal(world.ports)
    reference = world.member_signed()
    keep_member_file(world.ports, reference)

    fresh, report = rebuilt(world)

    known, kept = agreement(fresh, reference), world.agreement(reference)
    assert known.facts[:-1] == kept.facts[:-1]
    assert dataclasses.replace(known.facts[-1], at=kept.facts[-1].at) == kept.facts[-1]
    assert (known.artefacts, status_of(known, world.clock.now())) == (kept.artefacts, Status.AWAITING_COUNTERSIGNATURE)
    assert report.events < len(world.registry.state.events)


def test_without_any_head_the_journal_is_unknown_and_the_rest_is_not(world: World) -> None:
    reference = world.archived()

    fresh, report = rebuilt(world)

    assert (report.events, report.heads) == (0, ())
    assert agreement(fresh, reference).artefacts == world.agreement(reference).artefacts


def test_a_countersignature_whose_file_is_lost_is_asked_for_again(world: World) -> None:
    reference = world.member_signed()
    keep_member_file(world.ports, reference)
    countersign.countersign(world.ports, world.authorise(reference).id)
    stamp_journal(world.ports)

    fresh, report = rebuilt(world)

    known = agreement(fresh, reference)
    assert report.to_countersign_again == (reference,)
    assert (known.artefact(Stage.SEALED), status_of(known, world.clock.now())) == (None, Status.AWAITING_COUNTERSIGNATURE)


def test_words_that_the_journal_holds_as_commitments_are_said_to_be_unknown(world: World) -> None:
    reference = world.member_signed()
    keep_member_file(world.ports, reference)
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, "Le montant est faux")
    stamp_journal(world.ports)

    fresh, _ = rebuilt(world)

    returned = agreement(fresh, reference).required_fact(FactKind.RETURNED)
    assert (returned.at, returned.data["reason"]) == (world.agreement(reference).required_fact(FactKind.RETURNED).at, UNKNOWN)


def test_a_registry_that_holds_something_is_left_alone(world: World) -> None:
    world.archived()
    with pytest.raises(RuleRefused):
        rebuild(world.ports, world.registry)


@pytest.mark.parametrize("broken", [b"{}", b"not JSON", render_canonical({"schema": "other/1"})])
def test_a_folder_whose_record_cannot_be_read_is_told(world: World, broken: bytes) -> None:
    reference = world.archived()
    key = f"agreements/{reference}/0099-record-{sha256_hex(broken)}"
    world.archive.write(key, broken, world.clock.now())

    assert rebuilt(world)[1].untold == ((reference, "evidence.record"),)


def test_what_is_missing_strange_or_altered_is_told(world: World) -> None:
    reference = world.archived()
    world.archive.write("agreements/2026-0777/0001-prepared-" + "ab" * 32, b"x", world.clock.now())
    world.archive.write("agreements/strange", b"x", world.clock.now())
    world.archive.write("agreements/other/0001-prepared-" + "ab" * 32, b"x", world.clock.now())
    assert rebuilt(world)[1].untold == (
        ("agreements/strange", "archive.strange_key"),
        ("2026-0777", "rebuild.no_record"),
        ("other", "rebuild.no_record"),
    )

    world.archive.objects[max(k for k in world.archive.objects if "-record-" in k and reference in k)] = b"forged"
    assert (reference, "archive.other_bytes") in rebuilt(world)[1].untold


def test_a_folder_without_its_member_is_told(world: World) -> None:
    reference = world.archived()
    for key in [key for key in world.archive.objects if key.startswith("actors/member")]:
        del world.archive.objects[key]

    assert rebuilt(world)[1].untold == ((reference, "rebuild.no_actor"),)


@pytest.mark.parametrize("data", [render_canonical({"schema": "other/1"}), b"not JSON", b"[]", b"7"])
def test_an_actor_that_cannot_be_read_is_told_and_stops_nothing_else(world: World, data: bytes) -> None:
    reference = world.archived()
    key = f"actors/member-ab/0001-member-{sha256_hex(data)}"
    world.archive.write(key, data, world.clock.now())

    fresh, report = rebuilt(world)

    assert report.untold == ((key, "evidence.record"),)
    assert agreement(fresh, reference).artefacts == world.agreement(reference).artefacts


def test_one_member_altered_costs_its_own_agreements_alone(world: World) -> None:
    first, second = world.archived(), world.archived(15)
    stamp_journal(world.ports)
    key = next(key for key in world.archive.keys("actors/member") if b"membre 15" not in world.archive.objects[key].lower())
    world.archive.objects[key] = b"forged"

    fresh, report = rebuilt(world)

    (made,) = fresh.state.agreements
    lost = second if made == first else first
    assert set(report.untold) == {(key, "archive.other_bytes"), (lost, "rebuild.no_actor")}
    assert not report.is_complete


def test_the_record_before_is_taken_where_the_last_is_lost_and_that_is_told(world: World) -> None:
    reference = world.archived()
    member = next(iter(world.registry.state.members.values()))
    with world.registry.write() as tx:
        tx.update_member(dataclasses.replace(member, seat="2 rue Neuve, 29000 Quimper"))
    keep_actors(world.ports, reference)
    last = world.archive.keys("actors/member")[-1]
    world.archive.objects[last] = b"forged"

    fresh, report = rebuilt(world)

    assert next(iter(fresh.state.members.values())) == member
    assert report.untold == ((last, "archive.other_bytes"), (last.rpartition("/")[0], "rebuild.earlier_record"))


def test_what_hangs_on_a_lost_programme_is_told_one_by_one(world: World) -> None:
    reference = world.archived()
    (key,) = world.archive.keys("actors/programme")
    world.archive.objects[key] = b"forged"

    fresh, report = rebuilt(world)

    assert (key, "archive.other_bytes") in report.untold
    assert (reference, "rebuild.no_actor") in report.untold
    assert sorted(code for _, code in report.untold) == ["archive.other_bytes", *["rebuild.no_actor"] * 3]
    assert (list(fresh.state.members), report.members) == (list(world.registry.state.members), 1)


def test_actors_are_kept_once_and_again_when_they_change(world: World) -> None:
    reference = world.archived()
    before = world.archive.keys("actors/")
    keep_actors(world.ports, reference)
    assert world.archive.keys("actors/") == before
    member = next(iter(world.registry.state.members.values()))
    with world.registry.write() as tx:
        tx.update_member(dataclasses.replace(member, seat="2 rue Neuve, 29000 Quimper"))
    keep_actors(world.ports, reference)
    assert len(world.archive.keys("actors/")) == len(before) + 1

    fresh, _ = rebuilt(world)
    assert next(iter(fresh.state.members.values())).seat == "2 rue Neuve, 29000 Quimper"


def test_actors_stay_locked_as_long_as_the_last_agreement_needs(world: World) -> None:
    reference = world.archived()
    key = world.archive.keys("actors/member")[0]
    entry = world.registry.state.archive[key]
    shorter = entry.retain_until - timedelta(days=400)
    world.registry.state.archive[key] = dataclasses.replace(entry, retain_until=shorter)
    world.archive.states[key] = dataclasses.replace(world.archive.states[key], retain_until=shorter)
    campaign = world.archive.keys("actors/campaign")[0]
    world.registry.state.archive[campaign] = dataclasses.replace(world.registry.state.archive[campaign], completed_at=None)

    keep_actors(world.ports, reference)

    assert world.archive.state(key).retain_until == world.registry.state.archive[key].retain_until == entry.retain_until
    assert world.registry.state.archive[campaign].completed_at is not None


def test_an_actor_of_no_known_kind_or_entered_twice_is_told(world: World) -> None:
    reference = world.archived()
    content = json.loads(world.archive.read(world.archive.keys("actors/member")[0]))
    other, again = render_canonical({**content, "kind": "other"}), render_canonical(content)
    world.archive.write(strange := f"actors/other-ab/0001-other-{sha256_hex(other)}", other, world.clock.now())
    world.archive.write(f"actors/member-zz/0001-member-{sha256_hex(again)}", again, world.clock.now())

    fresh, report = rebuilt(world)

    assert report.untold == ((strange, "evidence.record"), ("actors/member-zz", "rule.already_recorded"))
    assert list(fresh.state.agreements) == [reference]


def test_a_registry_that_does_not_answer_ends_it(world: World) -> None:
    world.archived()

    class Silent(FakeRegistry):
        def write(self) -> Any:  # noqa: ANN401 it returns nothing
            raise UpstreamUnavailable("the registry does not answer", code="registry.unavailable")

    with pytest.raises(UpstreamUnavailable):
        rebuild(world.ports, Silent())


def test_a_ceremony_that_neither_the_registry_nor_the_folder_has_is_not_made_up(world: World) -> None:
    reference = world.countersigned()
    world.registry.state.authorisations.clear()
    with pytest.raises(NotFound):
        archive.archive(world.ports, reference)
