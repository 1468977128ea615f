"""A convention with a third reader, on real parts: EU DSS accepts it, is waited for, or puts it in quarantine by itself."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from contreseing.wiring import close_ports
from conventions.agreements import FactKind, Stage
from conventions.status import Status
from conventions.steps import resume
from signing.dss_service import READER
from tests.dss import running_dss
from tests.integration.steps.conftest import MakeGround
from tests.integration.steps.ground import Ground
from tests.integration.steps.town import Town

pytestmark = pytest.mark.needs_tool("dss")


@pytest.fixture
def ground(make_ground: MakeGround) -> Ground:
    return make_ground("sqlite")


@contextmanager
def town_with(ground: Ground, address: str) -> Iterator[Town]:
    asking = dataclasses.replace(ground, overrides={**ground.overrides, "dss_url": address})
    ports = asking.ports()
    try:
        yield Town(ports, asking)
    finally:
        close_ports(ports)


def countersigned(town: Town) -> str:
    """Go on until everything is signed, and let the steps after it try."""
    town.open()
    reference = town.invited()
    cookie = town.at_desk()
    town.sign(reference)
    town.authorise(reference, cookie=cookie)
    resume.resume(town.ports)
    return reference


def test_what_dss_accepts_is_archived_with_its_report_and_what_it_does_not_answer_waits(ground: Ground) -> None:
    with town_with(ground, "http://127.0.0.1:9") as town:
        reference = countersigned(town)
        assert (town.status(reference), town.agreement(reference).failure is not None) == (Status.SEALING, True)
    with running_dss(ground.settings().pki_anchors_dir / "root.pem") as address, town_with(ground, address) as town:
        resume.resume(town.ports)
        agreement = town.agreement(reference)
        assert agreement.fact(FactKind.ARCHIVED) is not None
        validated = {fact.text("reader"): fact for fact in agreement.facts if fact.kind is FactKind.VALIDATED}
        assert set(validated) == {"pyHanko", "contreseing", READER}
        key = next(key for key in town.ports.archive.keys(f"agreements/{reference}/") if f"-validation-{READER}-" in key)
        report = json.loads(town.ports.archive.read(key))["report"]
        assert (report["valid"], report["level"], report["data_sha256"]) == (True, "B-LTA", None)


@pytest.mark.left_to_ci("every day test_what_dss_accepts asks the real service; fakes refuse alone in tests/unit/conventions")
def test_what_dss_alone_refuses_is_put_in_quarantine_and_nothing_is_archived(ground: Ground) -> None:
    with running_dss() as address, town_with(ground, address) as town:  # it trusts nobody
        reference = countersigned(town)
        agreement = town.agreement(reference)
        assert town.status(reference) is Status.QUARANTINED
        assert agreement.required_fact(FactKind.QUARANTINED).data["refused_by"] == [READER]
        assert agreement.fact(FactKind.ARCHIVED) is None
        assert agreement.artefact(Stage.SEALED) is not None
