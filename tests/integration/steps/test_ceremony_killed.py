"""A ceremony whose process is killed again and again at random moments: taken up each time, complete at the end, nothing twice."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess

import pytest

from contreseing.wiring import close_ports
from conventions.agreements import FactKind, Stage
from conventions.kinds import SYNDICATE_FIELD
from conventions.signatures import PadesLevel
from conventions.status import Status
from conventions.steps import archive, countersign, resume
from signing.adapter import CHUNK, CHUNKS_AHEAD
from signing.levels import level_of
from signing.pki.directory import open_pki
from tests.contract.signing.counting import CountingAuthority
from tests.contract.signing.serving import serving
from tests.integration.steps.conftest import MakeGround
from tests.integration.steps.ground import Ground
from tests.integration.steps.mortal import SHORT_LEASE, carrying_out
from tests.integration.steps.town import Town
from tests.invariants import check_agreement

DOCUMENTS, KILLS = 60, 20
REQUESTS_TO_KNOW_AN_AUTHORITY = 1 + CHUNKS_AHEAD
"""Each chunk begun before the authority first answered asks for a token to know it by."""
IN_HAND = CHUNK * (1 + CHUNKS_AHEAD)
"""Documents that a process has begun and not yet recorded, at most: each was asked two time-stamps."""
START_WITHIN_SECONDS = 60.0


@dataclass
class Ceremony:
    """A ceremony over agreements that their members signed, by a time-stamp authority that counts."""

    town: Town
    ground: Ground
    id: str
    references: list[str]
    authority: CountingAuthority

    def sealed(self) -> dict[str, str]:
        """Return the digest of each agreement's countersigned file, of those that have one."""
        with self.town.ports.registry.read() as tx:
            found = {one.reference: one.artefact(Stage.SEALED) for one in tx.agreements_named(self.references)}
        return {reference: artefact.sha256 for reference, artefact in found.items() if artefact is not None}


@pytest.fixture
def ceremony(make_ground: MakeGround) -> Iterator[Ceremony]:
    ground = make_ground("sqlite")
    town = Town(ground.ports(), ground)
    town.open(slice(DOCUMENTS + 20))
    drafted = town.drafted()
    resume.resume(town.ports)
    town.deliver()
    references = [one for one in drafted if town.status(one) is Status.AWAITING_MEMBER][:DOCUMENTS]
    for reference in references:
        town.sign(reference)
    authority = CountingAuthority(open_pki(ground.settings().pki_anchors_dir))
    with serving(authority.application()) as address:
        counted = replace(ground, overrides={**ground.overrides, "tsa_urls": f"{address}/tsa"})
        ports = counted.ports()
        yield Ceremony(Town(ports, counted), counted, town.authorise(*references).id, references, authority)
        close_ports(ports)
    close_ports(town.ports)


@pytest.mark.left_to_ci("every day test_by_hand kills a batch by its command, and test_processes the steps of an archiving")
@pytest.mark.timeout(900)
def test_a_ceremony_killed_at_random_moments_is_taken_up_to_its_end(ceremony: Ceremony) -> None:
    chance, done, asked = random.Random(), dict[str, str](), len(ceremony.authority.digests)
    assert len(ceremony.references) == DOCUMENTS
    for kill in range(KILLS):
        process, left = carrying_out(ceremony.ground, ceremony.id), DOCUMENTS - len(done)
        if kill % 3 == 1:  # while outcomes are recorded
            wait_until(process, ceremony, sealed=len(done) + chance.randint(1, max(1, left // (KILLS - kill + 1))))
        else:  # while signatures wait for their time-stamps
            wait_until(process, ceremony, sealed=len(done) + 1, asked=asked + chance.randint(1, 2 * min(CHUNK, left)))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        time.sleep(SHORT_LEASE.total_seconds())  # what it had sent is counted by then, too
        now, requests = ceremony.sealed(), len(ceremony.authority.digests) - asked
        assert done.items() <= now.items(), "a file that was done has changed"
        assert requests <= 2 * (len(now) - len(done)) + 2 * min(IN_HAND, DOCUMENTS - len(now)) + REQUESTS_TO_KNOW_AN_AUTHORITY
        done, asked = now, asked + requests
    assert 0 < len(done) < DOCUMENTS
    ports = ceremony.town.ports
    countersign.countersign(ports, ceremony.id)
    complete, requests = ceremony.sealed(), len(ceremony.authority.digests) - asked
    assert (len(complete), done.items() <= complete.items()) == (DOCUMENTS, True)
    assert 2 * (DOCUMENTS - len(done)) <= requests <= 2 * (DOCUMENTS - len(done)) + REQUESTS_TO_KNOW_AN_AUTHORITY
    assert countersign.countersign(ports, ceremony.id) == ()
    assert len(ceremony.authority.digests) == asked + requests, "what is done was asked for again"
    for reference in ceremony.references:
        facts = Counter(fact.kind for fact in ceremony.town.agreement(reference).facts)
        assert (facts[FactKind.AUTHORISED], facts[FactKind.COUNTERSIGNED]) == (1, 1), reference
        check_agreement(ports, reference)
        assert level_of(ports.working.get(complete[reference]), SYNDICATE_FIELD) is PadesLevel.B_LTA
    for reference in chance.sample(ceremony.references, 4):
        archive.archive(ports, reference)
        assert ceremony.town.status(reference) is Status.ARCHIVED
    sys.stdout.write(f"{DOCUMENTS} agreements, {KILLS} kills, {asked + requests} requests to the authority\n")


def wait_until(process: BaseProcess, ceremony: Ceremony, sealed: int, asked: int | None = None) -> None:
    """Wait until that many files are sealed, or that many time-stamps were asked for."""
    limit = time.monotonic() + START_WITHIN_SECONDS
    while len(ceremony.sealed()) < sealed and (asked is None or len(ceremony.authority.digests) < asked):
        assert process.is_alive(), f"it ended by itself ({process.exitcode})"
        assert time.monotonic() < limit
        time.sleep(0.005)
