"""The validation report in the office: one line that a secretary understands, then what each reader told of each check."""

from __future__ import annotations

import pytest

from conventions.accounts import Role
from portal.settings import Site
from tests.fakes.world import World
from tests.portal.sites import Visitor, enter, portal_of


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.OFFICE)


def test_the_report_of_an_archived_file_is_read_in_the_office(world: World, visitor: Visitor) -> None:
    reference = world.archived()
    enter(visitor, world, Role.AGENT)
    visitor.open(f"/conventions/{reference}")
    assert "Rapport de vérification du fichier achevé" in visitor.text
    visitor.open(f"/conventions/{reference}/rapport")
    assert visitor.page.status_code == 200
    text = visitor.text.replace("\u00a0", " ")
    assert text.index("Valable au niveau B-LTA. Signée le") < text.index("Lecteur « fake »") < text.index("Lecteur « fake-second »")
    assert "Signature et empreinte du document exactes" in text
    assert "TOTAL-PASSED" in text
    assert "Vérifiable ainsi jusqu’au" in text


def test_before_it_was_validated_there_is_no_report(world: World, visitor: Visitor) -> None:
    reference = world.invited()
    enter(visitor, world, Role.AGENT)
    visitor.open(f"/conventions/{reference}")
    assert "Rapport de vérification" not in visitor.text
    visitor.open(f"/conventions/{reference}/rapport")
    assert visitor.page.status_code == 404
    assert "n’a pas de rapport" in visitor.text


def test_a_stranger_reads_no_report(world: World, visitor: Visitor) -> None:
    visitor.open(f"/conventions/{world.archived()}/rapport")
    assert "Lecteur" not in visitor.text
