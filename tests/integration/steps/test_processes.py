"""Processes killed for real, and processes that do the same thing at once: on a real registry and a real object store."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from contreseing.wiring import close_ports
from conventions.agreements import FactKind
from conventions.errors import UpstreamUnavailable
from conventions.outgoing import OutgoingState
from conventions.status import Status
from conventions.steps import activate, archive, countersign, read_page, send_code, sign
from tests.fakes.fuse import Fuse, fused
from tests.fakes.signing import FakeSigning
from tests.fakes.system import FakeClock
from tests.integration.steps.ground import Ground
from tests.integration.steps.mortal import DONE, LEFT_TO_ANOTHER, at_once, killed_life, pursue
from tests.integration.steps.town import CODE, Town
from tests.invariants import check_agreement, check_folder_is_listed

pytestmark = pytest.mark.sampled(one_in=2)

LIVES = 12
"""Moments at which a life is cut, spread over all of them; the unit tests try each one, on fakes."""


def opened(ground: Ground) -> tuple[Town, str]:
    """Open a town and draft its only agreement."""
    town = Town(ground.ports(), ground)
    town.open()
    (reference,) = town.drafted()
    return town, reference


@pytest.fixture(scope="module")
def moments_of_a_life(make_ground: Callable[[str], Ground]) -> int:
    """Live one life to its end and count the moments at which it could have been cut."""
    town, reference = opened(make_ground("sqlite"))
    fuse = Fuse(at=10**9)
    pursue(Town(fused(town.ports, fuse), town.ground), reference)
    assert town.status(reference) is Status.ACTIVE
    close_ports(town.ports)
    return fuse.calls


@pytest.mark.sampled(one_in=6)
@pytest.mark.parametrize("life", range(LIVES))
def test_a_process_killed_anywhere_is_taken_up_where_it_stopped(
    make_ground: Callable[[str], Ground], moments_of_a_life: int, life: int
) -> None:
    town, reference = opened(make_ground("sqlite"))
    at = 1 + moments_of_a_life * life // LIVES
    assert killed_life(town.ground, reference, at) == -signal.SIGKILL
    pursue(town, reference)
    assert town.status(reference) is Status.ACTIVE
    check_agreement(town.ports, reference)
    check_folder_is_listed(town.ports, reference)
    agreement = town.agreement(reference)
    facts = Counter(fact.kind for fact in agreement.facts)
    for kind in (FactKind.CONSENTED, FactKind.MEMBER_SIGNED, FactKind.COUNTERSIGNED, FactKind.ARCHIVED, FactKind.ORDERED):
        assert facts[kind] == 1, kind
    with town.ports.registry.read() as tx:
        siret = tx.member(agreement.member_id).siret
        assert not tx.dead_letters()
    assert len(town.orders(siret)) == len({order["id"] for order in town.orders(siret)}) == 12
    close_ports(town.ports)


def test_two_processes_sign_one_decision_once(town: Town) -> None:
    town.open()
    reference = town.invited()
    cookie = town.visit(reference)
    view = read_page.read_page(town.ports, cookie, 1, "picture")
    for part in view.parts_left:
        view = read_page.read_page(town.ports, cookie, part.number, "picture")
    send_code.send_code(town.ports, cookie)
    town.deliver()
    code = town.read(town.address(reference), CODE)
    down = FakeSigning(FakeClock())
    down.failure = UpstreamUnavailable("the authority does not answer")
    with pytest.raises(UpstreamUnavailable):
        sign.sign(replace(town.ports, signing=down), cookie, code, accepted=True, document_sha256=view.document_sha256)
    ends = at_once(town.ground, "finish_signature", reference)
    assert sorted(ends, key=str) in ([DONE, DONE], [DONE, LEFT_TO_ANOTHER])
    check_agreement(town.ports, reference)
    assert town.status(reference) is Status.AWAITING_COUNTERSIGNATURE


def test_two_processes_carry_out_one_ceremony_once(town: Town) -> None:
    town.open()
    reference = town.invited()
    town.sign(reference)
    authorisation = town.authorise(reference)
    assert at_once(town.ground, "countersign", authorisation.id) == [DONE, DONE]
    check_agreement(town.ports, reference)
    assert town.status(reference) is Status.SEALING
    assert town.agreement(reference).failure is None


def test_three_processes_archive_one_file_once(town: Town) -> None:
    town.open()
    reference = town.invited()
    town.sign(reference)
    countersign.countersign(town.ports, town.authorise(reference).id)
    ends = at_once(town.ground, "archive", reference, count=3)
    assert set(ends) <= {DONE, LEFT_TO_ANOTHER}
    archive.archive(town.ports, reference)
    check_agreement(town.ports, reference)
    check_folder_is_listed(town.ports, reference)
    kept = [key for key in town.ports.archive.keys(f"agreements/{reference}/") if "-sealed-" in key]
    assert len(kept) == 1
    assert kept[0] == town.agreement(reference).required_fact(FactKind.ARCHIVED).text("key")


def ordered(town: Town) -> str:
    """Take the town's only agreement as far as its orders, nothing delivered."""
    town.open()
    reference = town.invited()
    town.sign(reference)
    countersign.countersign(town.ports, town.authorise(reference).id)
    archive.archive(town.ports, reference)
    activate.activate(town.ports, reference)
    return reference


def test_three_workers_deliver_each_row_once(town: Town) -> None:
    reference = ordered(town)
    assert at_once(town.ground, "work", reference, count=3) == [DONE] * 3
    assert town.status(reference) is Status.ACTIVE
    with town.ports.registry.read() as tx:
        rows, member = tx.outgoing_of(reference), tx.member(tx.agreement(reference).member_id)
    assert {(row.state, row.attempts) for row in rows} == {(OutgoingState.SENT, 1)}
    subjects = Counter(mail["subject"] for mail in town.mails(member.representative_mail.address))
    assert set(subjects.values()) == {1}
    assert len(town.orders(member.siret)) == 12


def test_two_workers_deliver_the_same_row_and_it_is_one_order(town: Town) -> None:
    reference = ordered(town)
    assert at_once(town.ground, "settle_first_order", reference) == [DONE, DONE]
    with town.ports.registry.read() as tx:
        siret = tx.member(tx.agreement(reference).member_id).siret
    assert len(town.orders(siret)) == 1
    settled = [fact for fact in town.agreement(reference).facts if fact.kind is FactKind.ORDER_SETTLED]
    assert len(settled) == 1
    check_agreement(town.ports, reference)
