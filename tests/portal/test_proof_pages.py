"""Proof over HTTP: the bundle and the evidence file in the office, and the public page that recognises a file."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from conventions.accounts import Role
from conventions.agreements import Stage
from conventions.canonical import sha256_hex
from conventions.folder import keep
from conventions.status import Status
from conventions.steps import activate, keep_trail
from conventions.steps.recognise import recognise
from conventions.steps.restamp import restamp
from portal.rates import RateLimit
from portal.settings import Site
from portal.signers import checking
from tests.fakes.world import World
from tests.portal.sites import Visitor, enter, portal_of

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def office(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.OFFICE)


@pytest.fixture
def public(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.SIGNERS)


def sealed_bytes(world: World, reference: str, stage: Stage = Stage.SEALED) -> bytes:
    return world.working.objects[world.agreement(reference).required_artefact(stage).sha256]


def send(visitor: Visitor, data: bytes, name: str = "convention.pdf") -> None:
    visitor.request("POST", "/verifier", files={"fichier": (name, data, "application/pdf")})


def active(world: World) -> str:
    reference = world.archived()
    activate.activate(world.ports, reference)
    world.deliver()
    return reference


def test_the_office_gives_the_bundle_and_journals_it(world: World, office: Visitor) -> None:
    reference = world.archived()
    enter(office, world, Role.AGENT)
    office.open(f"/conventions/{reference}")
    assert "Récit des événements" not in office.text
    office.send(f"/conventions/{reference}/dossier-de-preuve")
    assert office.page.headers["content-type"] == "application/zip"
    assert f"dossier-de-preuve-{reference}.zip" in office.page.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(office.page.content)) as packed:
        assert f"dossier-de-preuve-{reference}/verify.py" in packed.namelist()
    with world.registry.read() as tx:
        (made,) = (entry.event for entry in tx.events(reference) if entry.event.type == "bundle.made")
    assert made.personal["by"] == "a-agent"
    office.open(f"/conventions/{reference}")
    assert "Dossier de preuve remis" in office.text


def test_the_office_gives_the_evidence_file_once_there_is_one(world: World, office: Visitor) -> None:
    reference = world.archived()
    enter(office, world, Role.AUDITOR)
    assert office.open(f"/conventions/{reference}/recit").status_code == 404
    keep_trail.keep_trail(world.ports, reference)
    office.open(f"/conventions/{reference}")
    assert "Récit des événements (PDF)" in office.text
    assert office.open(f"/conventions/{reference}/recit").content.endswith(b"sealed\n")
    with world.registry.read() as tx:
        assert [entry.event.data["stage"] for entry in tx.events(reference) if entry.event.type == "file.read"] == ["evidence"]


def test_nothing_of_it_is_given_to_who_has_not_signed_in(world: World, office: Visitor) -> None:
    reference = world.archived()
    assert office.request("POST", f"/conventions/{reference}/dossier-de-preuve", data={}).status_code in {401, 403, 415}
    office.open(f"/conventions/{reference}/recit")
    assert office.page.url.path == "/connexion"


def test_an_original_in_force_is_recognised(world: World, public: Visitor) -> None:
    reference = active(world)
    public.open("/")
    assert 'href="/verifier"' in public.page.text
    public.open("/verifier")
    assert "Il n’est pas conservé." in public.text
    before = dict(world.working.objects)
    send(public, sealed_bytes(world, reference))
    assert "Ce fichier est authentique et en vigueur" in public.text
    assert f"Convention n° {reference}" in public.text
    assert world.working.objects == before
    member = next(iter(world.registry.state.members.values()))
    assert member.name not in public.text
    assert member.representative.family_name not in public.text


def test_a_renewed_copy_is_told_as_such_and_is_in_force(world: World, public: Visitor) -> None:
    reference = active(world)
    world.clock.advance(timedelta(days=370))
    assert restamp(world.ports, reference)
    (key,) = (key for key in world.archive.objects if "-restamped-1-" in key)
    send(public, world.archive.objects[key])
    assert "Ce fichier est authentique et en vigueur" in public.text
    assert "Renouvellement n° 1" in public.text
    send(public, sealed_bytes(world, reference))
    assert "Renouvellement" not in public.text


def test_a_renewal_that_a_stop_left_unrecorded_is_not_vouched_for(world: World) -> None:
    reference, other = active(world), b"renewed"
    keep(world.ports, reference, "restamped-1", other, world.clock.now())
    assert recognise(world.ports, sha256_hex(other)) is None


def test_a_changed_bit_or_a_stranger_is_told_apart_from_ours(world: World, public: Visitor) -> None:
    data = sealed_bytes(world, active(world))
    for other in (data[:-2] + b"x\n", data + b"\n", b"%PDF-1.7 something else"):
        send(public, other)
        assert "Ce fichier n’est pas l’un des nôtres" in public.text


def test_a_file_that_lacks_a_signature_is_not_the_original(world: World, public: Visitor) -> None:
    reference = active(world)
    send(public, sealed_bytes(world, reference, Stage.MEMBER_SIGNED))
    assert "authentique, mais incomplet" in public.text


def test_an_original_that_ended_is_no_longer_in_force(world: World, public: Visitor) -> None:
    reference = active(world)
    world.clock.current = world.clock.current.replace(year=2031)
    assert world.status(reference) is Status.ENDED
    send(public, sealed_bytes(world, reference))
    assert "n’est pas en vigueur" in public.text
    assert "Échue" in public.text


def test_what_is_no_file_is_refused_in_words(public: Visitor) -> None:
    send(public, b"")
    assert (public.page.status_code, "Choisissez le fichier" in public.text) == (422, True)
    public.request("POST", "/verifier", data={"fichier": "un texte"})
    assert public.page.status_code == 400
    public.request("POST", "/verifier", content=b"--x\r\n", headers={"content-type": "multipart/form-data"})
    assert public.page.status_code == 400
    public.request("POST", "/verifier", files={"fichier": ("a.pdf", b"a"), "autre": ("b.pdf", b"b")})
    assert public.page.status_code == 400
    public.request("POST", "/verifier", files={"fichier": ("a.pdf", b"a")}, headers={"origin": "https://ailleurs.invalid"})
    assert public.page.status_code == 403


def test_a_file_larger_than_any_of_ours_is_not_read_to_its_end(public: Visitor) -> None:
    send(public, b"x" * (checking.MOST_BYTES + checking.FORM_BYTES + 1))
    assert (public.page.status_code, "trop volumineux" in public.text) == (413, True)


def test_one_address_may_not_ask_without_end(world: World, public: Visitor) -> None:
    for _ in range(20):
        send(public, b"file")
        assert public.page.status_code == 200
    send(public, b"file")
    assert (public.page.status_code, "Réessayez dans quelques minutes" in public.text) == (429, True)
    world.clock.advance(timedelta(minutes=10))
    send(public, b"file")
    assert public.page.status_code == 200


def test_a_limit_forgets_who_asked_the_longest_ago() -> None:
    limit = RateLimit(most=1, within=timedelta(minutes=1), keys_at_most=2)
    assert limit.admits("a", NOON)
    assert not limit.admits("a", NOON)
    assert limit.admits("b", NOON)
    assert limit.admits("c", NOON)
    assert limit.admits("a", NOON)
    assert limit.admits("a", NOON + timedelta(minutes=1))
