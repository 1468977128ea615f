"""The whole thread on fakes: from a member to its services, by the steps alone."""

from __future__ import annotations

from conventions.agreements import FactKind, settled_services
from conventions.canonical import sha256_hex
from conventions.outgoing import Template
from conventions.status import Status
from conventions.steps import activate, archive, countersign
from tests.fakes.world import World


def complete(world: World, reference: str) -> None:
    """Take a member-signed agreement to the end."""
    authorisation = world.authorise(reference)
    assert world.status(reference) is Status.SEALING
    countersign.countersign(world.ports, authorisation.id)
    archive.archive(world.ports, reference)
    assert world.status(reference) is Status.ARCHIVED
    activate.activate(world.ports, reference)
    world.deliver()


def test_one_convention_from_member_to_services() -> None:
    world = World()
    reference = world.invited()
    assert reference == "2026-0001"
    assert world.status(reference) is Status.AWAITING_MEMBER
    world.sign(reference)
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE
    complete(world, reference)
    assert world.status(reference) is Status.ACTIVE
    services_on, pending = settled_services(world.agreement(reference))
    assert pending == ("sae",)
    assert len(services_on) == 11
    assert world.signing.signatures_made == 2
    assert world.activation.deliveries == 12


def test_each_step_repeated_changes_nothing() -> None:
    world = World()
    reference = world.invited()
    view = world.sign(reference)
    complete(world, reference)
    before = (world.agreement(reference), dict(world.archive.objects), len(world.mailer.sent), world.activation.deliveries)
    authorised = world.agreement(reference).required_fact(FactKind.AUTHORISED).text("authorisation_id")
    assert countersign.countersign(world.ports, authorised) == ()
    archive.archive(world.ports, reference)
    activate.activate(world.ports, reference)
    world.deliver()
    assert view.signed_at is not None
    assert (world.agreement(reference), dict(world.archive.objects), len(world.mailer.sent), world.activation.deliveries) == before


def test_the_folder_holds_every_file_and_its_indexes_chain() -> None:
    world = World()
    reference = world.invited()
    world.sign(reference)
    complete(world, reference)
    kinds = [key.split("/")[2].split("-", 1)[1].rsplit("-", 1)[0] for key in world.archive.keys("agreements/")]
    assert kinds[:4] == ["prepared", "member_signed", "record", "index"]
    assert {"ceremony", "ceremony-seal", "ceremony-timestamp", "validation-fake", "validation-fake-second", "sealed", "record"} <= set(
        kinds[4:]
    )
    indexes = [data for key, data in sorted(world.archive.objects.items()) if "-index-" in key]
    assert len(indexes) == 2
    assert sha256_hex(indexes[0]) in indexes[1].decode()
    assert all(key.rsplit("-", 1)[1] == sha256_hex(data) for key, data in world.archive.objects.items())


def test_every_fact_has_its_event_and_no_event_holds_a_name() -> None:
    world = World()
    reference = world.invited()
    world.sign(reference)
    complete(world, reference)
    agreement = world.agreement(reference)
    with world.registry.read() as tx:
        entries = tx.events(reference)
    types = [entry.event.type for entry in entries]
    for fact in agreement.facts:
        assert f"agreement.{fact.kind}" in types
    everything = b"".join(entry.canonical for entry in entries).decode()
    for personal in ("Le Goff-Exemple", "Maëlle", "representant14@", "192.0.2.7", "Mozilla"):
        assert personal not in everything


def test_mails_carry_the_files_that_they_announce() -> None:
    world = World()
    reference = world.invited()
    world.sign(reference)
    complete(world, reference)
    by_template = {notice.template: notice for notice in world.mailer.sent}
    sealed = by_template[Template.COSIGNED_COPY].attachments[0]
    assert sha256_hex(sealed.data) == world.agreement(reference).required_fact(FactKind.ARCHIVED).text("sha256")
    assert by_template[Template.COSIGNED_COPY].values["pending"] == "Archivage électronique à valeur probatoire"
    assert by_template[Template.MEMBER_RECEIPT].attachments[0].filename == f"convention-{reference}.pdf"
    assert world.agreement(reference).fact(FactKind.NOTIFIED) is not None


def test_no_secret_is_left_in_the_registry() -> None:
    world = World()
    reference = world.invited()
    token = world.token(reference)
    world.sign(reference)
    code = world.code().replace(" ", "")
    state = repr(vars(world.registry))
    assert token.split(".")[1] not in state
    assert f"'{code}'" not in state
