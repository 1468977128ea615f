"""What a ceremony lists is countersigned, and nothing else; returns; progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from conventions.accounts import Role
from conventions.agreements import Stage
from conventions.errors import InputRefused, NotFound, RuleRefused, SigningFailed
from conventions.outgoing import Template
from conventions.signatures import Countersignature, CountersignOutcome, SealedManifest, SignatureLevel, SignatureLevels, SignerIdentity
from conventions.status import Status
from conventions.steps import (
    activate,
    archive,
    countersign,
    desk,
    invite,
    prepare,
    redraft,
    resume,
    return_to_member,
)
from conventions.views import Pile
from tests.builders import example_programme
from tests.fakes.signing import FakeSigning
from tests.fakes.world import World


def signed(world: World, count: int, **changes: object) -> list[str]:
    """Take several members to their signature."""
    references = [world.invited(rank, **changes) for rank in range(20, 20 + count)]
    for reference in references:
        world.sign(reference)
    return references


def test_only_what_is_listed_is_countersigned_and_each_by_itself() -> None:
    world = World()
    first, second, third = signed(world, 3)
    authorisation = world.authorise(first, second)
    world.signing.failures[first] = SigningFailed("bad file")
    outcomes = countersign.countersign(world.ports, authorisation.id)
    assert [(outcome.reference, outcome.failure_code) for outcome in outcomes] == [(first, "signing.failed"), (second, "")]
    failure = world.agreement(first).failure
    assert failure is not None
    assert (failure.step, failure.code) == ("countersign", "signing.failed")
    assert world.agreement(third).artefact(Stage.SEALED) is None
    del world.signing.failures[first]
    assert countersign.countersign(world.ports, authorisation.id, [third]) == ()
    assert [outcome.reference for outcome in countersign.countersign(world.ports, authorisation.id, [first])] == [first]
    assert world.agreement(first).failure is None


def test_an_expired_ceremony_goes_back_to_the_desk() -> None:
    world = World()
    (reference,) = signed(world, 1)
    authorisation = world.authorise(reference)
    world.clock.advance(timedelta(minutes=31))
    with pytest.raises(RuleRefused) as error:
        countersign.countersign(world.ports, authorisation.id)
    assert error.value.code == "ceremony.expired"
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE
    assert countersign.countersign(world.ports, world.authorise(reference).id)[0].signed is not None


def test_an_unknown_ceremony() -> None:
    with pytest.raises(NotFound):
        countersign.countersign(World().ports, "x")


def test_a_signature_past_the_ceremony_is_dropped() -> None:
    world = World()
    (reference,) = signed(world, 1)
    authorisation = world.authorise(reference)
    world.signing.on_sign = lambda: world.clock.advance(timedelta(hours=1))
    outcome = countersign.countersign(world.ports, authorisation.id)[0]
    assert (outcome.signed, outcome.failure_code) == (None, "ceremony.expired")
    assert world.agreement(reference).artefact(Stage.SEALED) is None


def test_a_file_other_than_the_one_listed_is_not_signed() -> None:
    world = World()
    (reference,) = signed(world, 1)
    authorisation = world.authorise(reference)
    with world.registry.write() as tx:
        changed = replace(tx.authorisation(authorisation.id), items=(replace(authorisation.items[0], member_signed_sha256="0" * 64),))
        tx.update_authorisation(changed)
    (outcome,) = countersign.countersign(world.ports, authorisation.id)
    assert (outcome.reference, outcome.signed, outcome.failure_code) == (reference, None, "document.changed")
    failure = world.agreement(reference).failure
    assert failure is not None
    assert (failure.code, failure.attempts) == ("document.changed", 1)
    assert resume.resume(world.ports).waiting == ((reference, "countersign", "document.changed"),)
    assert world.agreement(reference).artefact(Stage.SEALED) is None


def test_keys_that_no_longer_give_the_level_asked_for_sign_nothing() -> None:
    world = World()
    (reference,) = signed(world, 1)
    authorisation = world.authorise(reference)
    world.registry.state.programmes[world.programme.id] = example_programme(levels=SignatureLevels(signatory=SignatureLevel.QUALIFIED))
    (outcome,) = countersign.countersign(world.ports, authorisation.id)
    assert (outcome.signed, outcome.failure_code) == (None, "programme.level_signatory")
    assert world.agreement(reference).artefact(Stage.SEALED) is None


def test_a_ceremony_that_no_fact_of_the_agreement_names_signs_nothing() -> None:
    world = World()
    (reference,) = signed(world, 1)
    authorisation = world.authorise(reference)
    with world.registry.write() as tx:
        tx.add_authorisation(replace(tx.authorisation(authorisation.id), id="autre"))
    assert countersign.countersign(world.ports, "autre") == ()
    assert world.agreement(reference).artefact(Stage.SEALED) is None


def test_signing_is_given_the_listed_bytes_and_no_others() -> None:
    class Curious(FakeSigning):
        def countersign(
            self,
            sealed: SealedManifest,
            signer: SignerIdentity,
            formula: str,
            items: Sequence[Countersignature],
            read: Callable[[Countersignature], bytes],
        ) -> Iterator[CountersignOutcome]:
            read(Countersignature(other, other_sha256))
            return super().countersign(sealed, signer, formula, items, read)

    world = World()
    reference, other = signed(world, 2)
    other_sha256 = world.agreement(other).required_artefact(Stage.MEMBER_SIGNED).sha256
    authorisation = world.authorise(reference)
    with pytest.raises(RuleRefused) as error:
        countersign.countersign(replace(world.ports, signing=Curious(world.clock, world.registry)), authorisation.id)
    assert error.value.code == "ceremony.not_listed"
    assert world.agreement(reference).artefact(Stage.SEALED) is None


def test_work_that_another_holds_is_left_to_it() -> None:
    world = World()
    (reference,) = signed(world, 1)
    authorisation = world.authorise(reference)
    now = world.clock.now()
    with world.registry.write() as tx:
        tx.claim(f"agreement:{reference}", "autre", now, now + timedelta(minutes=2))
    assert countersign.countersign(world.ports, authorisation.id) == ()
    assert resume.resume(world.ports).waiting == ((reference, "countersign", "upstream.busy"),)
    assert world.agreement(reference).failure is None


def test_a_worker_whose_lease_ended_leaves_the_document_to_the_one_that_took_it_over() -> None:
    world = World()
    (reference,) = signed(world, 1)
    authorisation = world.authorise(reference)

    def slow() -> None:
        world.signing.on_sign = lambda: None
        world.clock.advance(world.rules.signing_lease + timedelta(seconds=1))
        assert countersign.countersign(world.ports, authorisation.id)[0].signed is not None

    world.signing.on_sign = slow
    (late,) = countersign.countersign(world.ports, authorisation.id)
    assert (late.signed, late.failure_code, late.retryable) == (None, "upstream.busy", True)
    assert world.agreement(reference).failure is None
    assert world.signing.signatures_made == 3
    assert len([artefact for artefact in world.agreement(reference).artefacts if artefact.stage is Stage.SEALED]) == 1


def test_changed_bytes_are_quarantined_and_the_others_of_the_ceremony_are_signed() -> None:
    world = World()
    first, second = signed(world, 2)
    authorisation = world.authorise(first, second)
    world.working.objects[world.agreement(first).required_artefact(Stage.MEMBER_SIGNED).sha256] = b"changed"
    outcomes = countersign.countersign(world.ports, authorisation.id)
    assert [(outcome.failure_code, outcome.signed is None) for outcome in outcomes] == [("store.digest", True), ("", False)]
    assert (world.status(first), world.status(second)) == (Status.QUARANTINED, Status.SEALING)
    assert (first, "countersign") not in resume.standing(world.ports)


def test_a_return_while_signing_wins() -> None:
    world = World()
    (reference,) = signed(world, 1)
    authorisation = world.authorise(reference)

    def meanwhile() -> None:
        with world.registry.write() as tx:
            agreement = tx.agreement(reference)
            tx.add_fact(reference, replace(agreement.facts[0], version=2))

    world.signing.on_sign = meanwhile
    outcome = countersign.countersign(world.ports, authorisation.id)[0]
    assert outcome.failure_code == "document.changed"


def test_a_return_opens_the_next_version_and_the_old_link_dies() -> None:
    world = World()
    (reference,) = signed(world, 1)
    old = world.token(reference)
    cookie = world.session(Role.SIGNATORY)
    for reason in (" ", "x" * 2001):
        with pytest.raises(InputRefused):
            return_to_member.return_to_member(world.ports, cookie, reference, reason)
    return_to_member.return_to_member(world.ports, cookie, reference, "Le référent a changé.")
    assert world.status(reference) is Status.RETURNED
    with pytest.raises(RuleRefused):
        return_to_member.return_to_member(world.ports, cookie, reference, "encore")
    world.deliver()
    assert world.mailer.sent[-1].template is Template.RETURNED
    assert redraft.redraft(world.ports, reference, "agent") == 2
    prepare.prepare(world.ports, reference)
    invite.invite(world.ports, reference)
    world.deliver()
    assert world.token(reference) != old
    world.sign(reference)
    item = desk.desk(world.ports, cookie).items[0]
    assert (item.pile, item.reasons) == (Pile.ATTENTION, ("pile.new_version",))
    authorisation = world.authorise(reference, cookie=cookie)
    countersign.countersign(world.ports, authorisation.id)
    archive.archive(world.ports, reference)
    activate.activate(world.ports, reference)
    world.deliver()
    assert world.status(reference) is Status.ACTIVE
    stages = [(artefact.version, artefact.stage.value) for artefact in world.agreement(reference).artefacts]
    assert stages == [(1, "prepared"), (1, "member_signed"), (2, "prepared"), (2, "member_signed"), (2, "sealed")]


def test_the_ceremony_shows_how_far_it_is() -> None:
    world = World()
    first, second = signed(world, 2)
    authorisation = world.authorise(first, second)
    world.signing.failures[second] = SigningFailed("bad file")
    view = desk.ceremony(world.ports, world.session(Role.SIGNATORY), authorisation.id)
    assert (view.references, view.countersigned, view.failures) == ((first, second), (), ())
    countersign.countersign(world.ports, authorisation.id)
    assert resume.resume(world.ports).waiting == ((second, "countersign", "signing.failed"),)
    world.deliver()
    cookie = world.session(Role.SIGNATORY)
    view = desk.ceremony(world.ports, cookie, authorisation.id)
    assert (view.countersigned, view.archived, view.active) == ((first,), (first,), (first,))
    assert view.failures == ((second, "signing.failed"),)
    assert [item.id for item in desk.ceremonies(world.ports, cookie)] == [authorisation.id]
