"""Bundles of what others' keys signed, and of what was stamped again: verified by the program that they carry, with the roots given."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from contreseing.wiring import close_ports
from conventions.canonical import sha256_hex
from conventions.kinds import MEMBER_FIELD
from conventions.preparation import preparation_of
from conventions.signatures import SignerIdentity
from conventions.steps import accept_upload, activate, archive, countersign, read_page, restamp
from conventions.steps.bundle import Bundle, bundle
from signing.pki.certificates import SignerSubject, issue_signer
from signing.pki.directory import open_pki
from signing.pki.policies import MEMBERS_POLICY
from signing.pki.register import Register
from storage.proof import verify
from tests.contract.signing.key_peers import PIN, CscServer, certify
from tests.contract.signing.running import RunningPki
from tests.contract.signing.serving import serving
from tests.integration.steps.conftest import MakeGround
from tests.integration.steps.ground import Ground
from tests.integration.steps.town import Town
from tests.vectors.outsiders import Outsider, Way, sign

pytestmark = [pytest.mark.needs_tool("openssl"), pytest.mark.timeout(300)]
DER = serialization.Encoding.DER


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPki]:
    """An authority that is not ours, where the member and the Vice-President had keys of theirs certified."""
    running = RunningPki(tmp_path_factory.mktemp("provider")).start()
    yield running
    running.stop()


def judged(made: Bundle, folder: Path, capsys: pytest.CaptureFixture[str], *roots: str) -> tuple[int, str]:
    """Extract a bundle, verify it, and return the exit code and what was said."""
    with zipfile.ZipFile(io.BytesIO(made.data)) as packed:
        packed.extractall(folder)
    code = verify.main([str(folder / made.filename.removesuffix(".zip")), *(word for root in roots for word in ("--root", root))])
    return code, capsys.readouterr().out


def own_key(provider: RunningPki, signer: SignerIdentity) -> Outsider:
    """Give a member a key of its own, certified by the provider for a year."""
    pki, key, person, now = open_pki(provider.folder), ec.generate_private_key(ec.SECP256R1()), signer.person, datetime.now(UTC)
    subject = SignerSubject(signer.organisation, signer.siren, person.given_name, person.family_name, "token")
    certificate = issue_signer(pki.members, key.public_key(), subject, MEMBERS_POLICY, pki.base_url, now, timedelta(days=365))
    register = Register(provider.folder / "register.sqlite")
    register.record("members", certificate, "token", now)
    register.close()
    return Outsider(key, certificate, pki.members.certificate)


def upload(town: Town, reference: str, provider: RunningPki) -> None:
    """Read everything, sign elsewhere, bring it back."""
    cookie = town.visit(reference)
    view = read_page.read_page(town.ports, cookie, 1, "picture")
    for part in view.parts_left:
        view = read_page.read_page(town.ports, cookie, part.number, "text")
    preparation = preparation_of(town.agreement(reference))
    prepared = town.ports.working.get(preparation.sha256)
    signed = sign(prepared, own_key(provider, preparation.member), Way(field=MEMBER_FIELD, reserved_bytes=16_000))
    accept_upload.accept_upload(town.ports, cookie, signed)


def finished(town: Town, reference: str) -> None:
    countersign.countersign(town.ports, town.authorise(reference).id)
    for step in (archive.archive, activate.activate):
        step(town.ports, reference)
    town.deliver()


def settings_of(ground: Ground, **changes: str) -> Ground:
    return replace(ground, overrides={**ground.overrides, **changes})


@contextmanager
def lived_in(ground: Ground) -> Iterator[Town]:
    town = Town(ground.ports(), ground)
    try:
        yield town
    finally:
        close_ports(town.ports)


def test_what_members_and_signatory_signed_with_keys_of_their_own_is_verified_with_their_roots(
    make_ground: MakeGround, provider: RunningPki, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs, key, ground = open_pki(provider.folder), ec.generate_private_key(ec.SECP256R1()), make_ground("sqlite")
    accepted, ca = tmp_path / "accepted", tmp_path / "ca.pem"
    accepted.mkdir()
    (accepted / "root.pem").write_bytes((provider.folder / "root.pem").read_bytes())
    ca.write_bytes(b"".join((provider.folder / f"{name}.pem").read_bytes() for name in ("syndicate-ca", "root")))
    with lived_in(ground) as town:
        town.open()
        reference = town.invited()
        signatory = preparation_of(town.agreement(reference)).syndicate
    server = CscServer(key, [certify(provider.folder, key.public_key(), signatory), theirs.syndicate.certificate])
    with serving(server.application()) as address:
        remote = {"signatory_key": "csc", "csc_url": address, "csc_credential": "vp", "csc_token": "bearer", "csc_pin": PIN}
        with lived_in(settings_of(ground, upload_anchors_dir=str(accepted), signatory_ca=str(ca), **remote)) as town:
            upload(town, reference, provider)
            finished(town, reference)
            made = bundle(town.ports, reference, "essai")

    theirs_sha256 = sha256_hex(theirs.root.certificate.public_bytes(DER))
    code, said = judged(made, tmp_path, capsys)
    readme = tmp_path / made.filename.removesuffix(".zip") / "LISEZ-MOI.txt"
    assert "n’a pas signé ici" in readme.read_text(encoding="utf-8")
    assert (code, said.splitlines()[-1]) == (3, "INTACT, mais l'origine n'est pas établie."), said
    assert theirs_sha256 in said
    assert said.count("certificat d’une autre autorité non révoqué") == 2
    code, said = judged(made, tmp_path, capsys, made.root_sha256)
    assert (code, "NON  Signatures" in said) == (1, True), said
    code, said = judged(made, tmp_path, capsys, made.root_sha256, theirs_sha256)
    assert code == 0, said


def test_a_bundle_made_after_renewals_is_verified_to_the_last_stamp(
    make_ground: MakeGround, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with lived_in(make_ground("sqlite")) as town:
        town.open()
        reference = town.invited()
        town.sign(reference)
        finished(town, reference)
        hurried = replace(town.ports, rules=replace(town.ports.rules, restamp_after=timedelta()))
        assert [restamp.restamp(hurried, reference) for _ in range(2)] == [True, True]
        made = bundle(town.ports, reference, "essai")
    code, said = judged(made, tmp_path, capsys, made.root_sha256)
    assert code == 0, said
    assert "-restamped-2.pdf" in "".join(zipfile.ZipFile(io.BytesIO(made.data)).namelist())
    signatures = [line for line in said.splitlines() if line.startswith("OUI  Signatures")]
    assert sum("premiers octets horodatés" in line for line in signatures) == 4  # one for each signature, one for each renewal
