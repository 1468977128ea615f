"""The report of a ceremony: the same facts give the same file, whatever came after."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from conventions.accounts import Role
from conventions.errors import RuleRefused, SigningFailed
from conventions.sentences import sentence_of
from conventions.steps.countersign import countersign
from conventions.steps.draft import draft
from conventions.steps.prepare import prepare
from conventions.steps.report_ceremony import report_ceremony
from conventions.steps.return_to_member import return_to_member
from tests.fakes.world import CAMPAIGN, World


def said(data: bytes) -> dict[str, dict[str, object]]:
    """Read the lines of a report by their reference, and its own instants under ``report``."""
    report = json.loads(data.split(b"\n")[1])
    return {"report": report, **{item["reference"]: item for item in report["items"]}}


def test_each_document_has_its_result_and_why_it_went_back() -> None:
    world = World()
    references = [world.member_signed(rank) for rank in (1, 2, 3)]
    signed, failed, late = references
    cookie = world.session(Role.SIGNATORY)
    authorisation = world.authorise(*references, cookie=cookie)
    countersign(world.ports, authorisation.id, [signed])
    world.signing.failures[failed] = SigningFailed("refused", code="signing.failed")
    countersign(world.ports, authorisation.id, [failed])
    with pytest.raises(RuleRefused) as error:
        report_ceremony(world.ports, cookie, authorisation.id)
    assert error.value.code == "ceremony.running"

    world.clock.advance(timedelta(hours=1))
    first = report_ceremony(world.ports, cookie, authorisation.id)
    found = said(first)
    assert (found["report"]["countersigned"], found["report"]["countersigned_eur"]) == (1, 13_000)
    assert found["report"]["established_at"] == authorisation.expires_at.isoformat()
    assert found[signed]["failure"] is None
    assert found[signed]["countersigned_at"] is not None
    assert found[failed]["failure"] == sentence_of("signing.failed")
    assert found[late]["failure"] == "L’autorisation a expiré : ce qui reste est revenu dans le parapheur."
    world.clock.advance(timedelta(hours=1))
    assert report_ceremony(world.ports, cookie, authorisation.id) == first

    return_to_member(world.ports, cookie, late, "La présidente a changé.")
    member_id = world.agreement(late).member_id
    draft(world.ports, CAMPAIGN, member_id)
    prepare(world.ports, late)
    found = said(report_ceremony(world.ports, cookie, authorisation.id))
    assert found[late]["return_reason"] == "La présidente a changé."
    assert found["report"]["established_at"] == found[late]["returned_at"]
    with world.registry.read() as tx:
        last = list(tx.events())[-1].event
    assert (last.type, last.data) == ("ceremony.report_read", {"account": "a-signatory", "ceremony": authorisation.id})
