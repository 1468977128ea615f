"""The archive's folder, and what activation refuses to believe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from conventions.agreements import FactKind, Stage
from conventions.canonical import Json, sha256_hex
from conventions.errors import Busy, EvidenceBroken, NotFound, UpstreamUnavailable, VerificationFailed
from conventions.folder import archive_record, finish_pending, keep, keep_index, retain_until
from conventions.kinds import Kind
from conventions.ports.documents import Documents
from conventions.ports.registry import ArchiveEntry, Transaction
from conventions.recording import quarantine
from conventions.status import Status
from conventions.steps import activate, archive, countersign, keep_member_file, resume
from conventions.steps.archive import final_stage
from tests.builders import example_programme
from tests.fakes.meanwhile import Meanwhile
from tests.fakes.registry import FakeRegistry, FakeTransaction
from tests.fakes.stores import FakeWorkingStore
from tests.fakes.world import World


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


SAID_OTHERWISE: Mapping[str, Mapping[str, Json]] = {
    "data": {"demonstration": False},
    "reference": {"reference": "2026-9999"},
    "services": {"services": "toutes"},
}


class Lying:
    """Documents that read in every file what no file says."""

    def __init__(self, documents: Documents, lie: Mapping[str, Json]) -> None:
        self._documents, self._lie = documents, lie

    def read_agreement_data(self, data: bytes) -> Mapping[str, Json]:
        return {**self._documents.read_agreement_data(data), **self._lie}


@pytest.mark.parametrize("fault", ["bytes", "validation", "data", "reference", "services"])
def test_activation_reads_only_the_archived_validated_bytes(fault: str) -> None:
    world = World()
    reference = world.archived()
    key = world.agreement(reference).required_fact(FactKind.ARCHIVED).text("key")
    if fault == "bytes":
        world.archive.objects[key] += b"\n"
    elif fault == "validation":
        without_validation(world, reference)
    else:
        lying: Any = Lying(world.documents, SAID_OTHERWISE[fault])
        world.ports = replace(world.ports, documents=lying)
    with pytest.raises(EvidenceBroken):
        activate.activate(world.ports, reference)
    assert world.status(reference) is Status.QUARANTINED
    assert world.activation.deliveries == 0


def without_validation(world: World, reference: str) -> None:
    """Remove the recorded validation, as a tampered registry would."""
    agreement = world.registry.state.agreements[reference]
    kept = tuple(fact for fact in agreement.facts if fact.kind is not FactKind.VALIDATED)
    world.registry.state.agreements[reference] = replace(agreement, facts=kept)


def with_data(world: World, reference: str, kind: FactKind, **data: Json) -> None:
    """Rewrite what a fact holds, as a tampered registry would."""
    agreement = world.registry.state.agreements[reference]
    facts = (replace(fact, data={**fact.data, **data}) if fact.kind is kind else fact for fact in agreement.facts)
    world.registry.state.agreements[reference] = replace(agreement, facts=tuple(facts))


def test_the_archived_file_of_another_agreement_orders_nothing_even_if_every_record_was_rewritten() -> None:
    world = World()
    reference, other = world.archived(1), world.archived(2)
    theirs = world.agreement(other).required_fact(FactKind.ARCHIVED)
    data_sha256 = world.agreement(other).required_fact(FactKind.PREPARED).text("data_sha256")
    with_data(world, reference, FactKind.ARCHIVED, key=theirs.text("key"), sha256=theirs.text("sha256"))
    with_data(world, reference, FactKind.VALIDATED, sha256=theirs.text("sha256"))
    with_data(world, reference, FactKind.PREPARED, data_sha256=data_sha256)
    with pytest.raises(EvidenceBroken) as error:
        activate.activate(world.ports, reference)
    assert error.value.code == "evidence.data_differs"
    assert world.status(reference) is Status.QUARANTINED
    world.deliver()
    assert world.activation.deliveries == 0


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
    reference = world.archived()
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


# somebody else at the same time
class Behind:
    """A registry whose transactions see an archive folder as it was before others wrote, the given number of times."""

    def __init__(self, registry: FakeRegistry, times: int) -> None:
        self._registry, self.times = registry, times

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._registry.write() as tx:
            if self.times:
                self.times -= 1
                stale: Any = _Stale(tx)
                yield stale
            else:
                yield tx

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 the rest of the registry
        return getattr(self._registry, name)


class _Stale:
    def __init__(self, tx: FakeTransaction) -> None:
        self._tx = tx

    def archive_entries(self, reference: str) -> Sequence[ArchiveEntry]:
        return ()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 the rest of the transaction
        return getattr(self._tx, name)


def test_a_number_taken_meanwhile_is_not_taken_twice() -> None:
    world = World()
    reference = world.invited()
    until = retain_until(world.programme, 10)
    assert keep(world.ports, reference, "note", b"un", until).seq == 1
    behind: Any = Behind(world.registry, times=2)
    assert keep(replace(world.ports, registry=behind), reference, "note", b"deux", until).seq == 2
    assert behind.times == 0


def test_a_folder_that_others_never_stop_writing_is_left_for_later() -> None:
    world = World()
    reference = world.invited()
    until = retain_until(world.programme, 10)
    keep(world.ports, reference, "note", b"un", until)
    behind: Any = Behind(world.registry, times=100)
    with pytest.raises(Busy):
        keep(replace(world.ports, registry=behind), reference, "note", b"deux", until)
    assert [key for key in world.archive.objects if "-note-" in key] == [f"agreements/{reference}/0001-note-{sha256_hex(b'un')}"]


def test_an_index_says_nothing_new_when_nothing_was_added() -> None:
    world = World()
    reference = world.invited()
    until = retain_until(world.programme, 10)
    keep(world.ports, reference, "note", b"un", until)
    first = keep_index(world.ports, reference, until)
    assert keep_index(world.ports, reference, until).key == first.key
    keep(world.ports, reference, "note", b"deux", until)
    assert keep_index(world.ports, reference, until).seq == 4


def test_two_archive_at_once_and_the_fact_is_recorded_once() -> None:
    world = World()
    reference = world.countersigned()
    racing: Any = Meanwhile(world.signing, "validate", lambda: archive.archive(world.ports, reference))
    archive.archive(replace(world.ports, signing=racing), reference)
    facts = [fact for fact in world.agreement(reference).facts if fact.kind is FactKind.ARCHIVED]
    assert len(facts) == 1
    assert len([key for key in world.archive.objects if "-sealed-" in key]) == 1


def test_two_keep_the_member_s_file_at_once_and_the_fact_is_recorded_once() -> None:
    world = World()
    world.archive.down = True
    reference = world.member_signed()
    world.archive.down = False
    racing: Any = Meanwhile(world.archive, "write", lambda: keep_member_file.keep_member_file(world.ports, reference))
    keep_member_file.keep_member_file(replace(world.ports, archive=racing), reference)
    before = dict(world.archive.objects)
    keep_member_file.keep_member_file(world.ports, reference)
    facts = [fact for fact in world.agreement(reference).facts if fact.kind is FactKind.MEMBER_FILE_KEPT]
    assert len(facts) == 1
    assert world.archive.objects == before


def test_two_activate_at_once_and_each_service_is_ordered_once() -> None:
    world = World()
    reference = world.archived()
    racing: Any = Meanwhile(world.documents, "read_agreement_data", lambda: activate.activate(world.ports, reference))
    activate.activate(replace(world.ports, documents=racing), reference)
    assert len([fact for fact in world.agreement(reference).facts if fact.kind is FactKind.ORDERED]) == 1
    world.deliver()
    assert world.activation.deliveries == len(world.activation.orders) == 12


def test_what_the_member_alone_signs_is_archived_without_a_ceremony() -> None:
    world = World()
    reference = world.member_signed()
    world.registry.state.agreements[reference] = replace(world.agreement(reference), kind=Kind.CHARTER)
    archive.archive(world.ports, reference)
    assert world.status(reference) is Status.ARCHIVED
    archived = world.agreement(reference).required_fact(FactKind.ARCHIVED)
    assert archived.text("sha256") == world.agreement(reference).required_artefact(Stage.MEMBER_SIGNED).sha256
    assert not [key for key in world.archive.objects if "-ceremony-" in key]


def test_a_store_that_does_not_look_at_what_it_gives_is_caught_before_the_archive() -> None:
    class Blind(FakeWorkingStore):
        def get(self, sha256: str) -> bytes:
            return self.objects[sha256]

    world = World()
    reference = world.invited()
    until = retain_until(world.programme, 10)
    world.archive.down = True
    with pytest.raises(UpstreamUnavailable):
        keep(world.ports, reference, "note", b"un", until)
    world.archive.down = False
    blind = Blind(world.registry)
    blind.objects[sha256_hex(b"un")] = b"deux"
    with pytest.raises(EvidenceBroken) as error:
        finish_pending(replace(world.ports, working=blind), reference)
    assert error.value.code == "evidence.digest"
    assert not [key for key in world.archive.objects if "-note-" in key]
