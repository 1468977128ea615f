"""The Vice-President's key in a device or at a provider: the ceremony is checked here, and the readers find who was expected."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conventions.canonical import sha256_hex
from conventions.errors import ConfigurationError, SigningFailed, UpstreamUnavailable
from conventions.people import Person
from conventions.signatures import Countersignature, CountersignOutcome, SealedManifest, SignatureLevel, SignedFile, SignerIdentity
from signing.adapter import PadesSigning
from signing.cms import CmsBuilder, Mechanism
from signing.csc import CscAccess, CscVersion
from signing.der import render_oid, render_sequence
from signing.pki.directory import open_pki
from signing.qc_statements import claims_qualified_signature
from signing.signatories import LastingKey, check_level
from tests.contract.signing.key_peers import PIN, CscServer, SoftHsm, certify
from tests.contract.signing.running import RunningPki, free_port
from tests.contract.signing.serving import serving
from tests.unit.signing.authority import NOW, YEAR
from tests.unit.signing.material import BOTH, FORMULA, VICE_PRESIDENT, changed_manifest, manifest_of, member_request, prepared_pdf


@contextmanager
def adapter(pki: RunningPki, lasting: LastingKey) -> Iterator[PadesSigning]:
    opened = pki.adapter(lasting_key=lasting)
    try:
        yield opened
    finally:
        opened.close()


def countersign(
    signing: PadesSigning,
    member: SignedFile,
    signer: SignerIdentity = VICE_PRESIDENT,
    change: Callable[[SealedManifest], SealedManifest] = lambda sealed: sealed,
    digest: str | None = None,
) -> CountersignOutcome:
    listed = sha256_hex(member.data)
    sealed = change(signing.seal_manifest(manifest_of({"2026-0014": listed})))
    items = [Countersignature("2026-0014", digest or listed)]
    (outcome,) = signing.countersign(sealed, signer, FORMULA, items, lambda _item: member.data)
    return outcome


@pytest.mark.needs_tool("softhsm")
@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_a_key_in_a_device_countersigns_and_both_readers_agree(
    pki: RunningPki, device: SoftHsm, member_signed: SignedFile, kind: str
) -> None:
    with adapter(pki, LastingKey(device.access(kind), SignatureLevel.ADVANCED)) as signing:
        for _ in range(2):  # the key serves ceremony after ceremony
            outcome = countersign(signing, member_signed)
            assert outcome.signed is not None, outcome.failure
            assert signing.validate(outcome.signed.data, BOTH).valid
            assert signing.second_opinion(outcome.signed.data, BOTH).valid
        signing.close()
        assert countersign(signing, member_signed).signed is not None


def test_a_remote_key_countersigns_a_batch_with_one_authorisation_a_chunk(pki: RunningPki, signing: PadesSigning) -> None:
    documents = {}
    for number in range(1, 41):
        prepared = prepared_pdf(f"Convention {number % 4}")
        documents[f"2026-{number:04d}"] = signing.sign_for_member(prepared, member_request(prepared)).data
    key = ec.generate_private_key(ec.SECP256R1())
    server = CscServer(key, [certify(pki.folder, key.public_key())])
    with serving(server.application()) as address, adapter(pki, LastingKey(_csc(address))) as remote:
        digests = {reference: sha256_hex(data) for reference, data in documents.items()}
        sealed = remote.seal_manifest(manifest_of(digests))
        items = [Countersignature(reference, digest) for reference, digest in digests.items()]
        outcomes = list(remote.countersign(sealed, VICE_PRESIDENT, FORMULA, items, lambda item: documents[item.reference]))
        assert [one.failure_code for one in outcomes] == [""] * 40
        assert server.counts == {"info": 1, "authorize": 2, "signHash": 2}
        assert outcomes[-1].signed is not None
        assert remote.validate(outcomes[-1].signed.data, BOTH).valid


def test_a_provider_that_is_down_at_start_up_is_asked_again_when_needed(pki: RunningPki, member_signed: SignedFile) -> None:
    key, port = ec.generate_private_key(ec.SECP256R1()), free_port()
    server = CscServer(key, [certify(pki.folder, key.public_key())])
    with adapter(pki, LastingKey(_csc(f"http://127.0.0.1:{port}"))) as signing:
        with pytest.raises(UpstreamUnavailable):
            countersign(signing, member_signed)
        with serving(server.application(), port):
            assert countersign(signing, member_signed).signed is not None


def test_another_providers_ca_is_trusted_when_it_is_named(pki: RunningPki, tmp_path: Path, member_signed: SignedFile) -> None:
    provider = RunningPki(tmp_path / "provider").start()
    try:
        theirs, key = open_pki(provider.folder), ec.generate_private_key(ec.SECP256R1())
        server = CscServer(key, [certify(provider.folder, key.public_key()), theirs.syndicate.certificate])
        with serving(server.application()) as address:
            with adapter(pki, LastingKey(_csc(address))) as unnamed, pytest.raises(SigningFailed) as refusal:
                countersign(unnamed, member_signed)
            assert refusal.value.code == "signing.identity"
            named = LastingKey(_csc(address), ca=theirs.syndicate.certificate, above=(theirs.root.certificate,))
            with adapter(pki, named) as signing:
                outcome = countersign(signing, member_signed)
                assert outcome.signed is not None, outcome.failure
                assert signing.validate(outcome.signed.data, BOTH).valid
                assert signing.second_opinion(outcome.signed.data, BOTH).valid
                assert sorted(signing.trust_anchors_pem()) == ["members-ca.pem", "root.pem", "signatory-ca.pem", "syndicate-ca.pem"]
    finally:
        provider.stop()


CEREMONY_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "another digest": ({"digest": sha256_hex(b"another")}, "manifest.not_listed"),
    "another person": (
        {"signer": dataclasses.replace(VICE_PRESIDENT, person=dataclasses.replace(VICE_PRESIDENT.person, family_name="Autre"))},
        "manifest.person",
    ),
    "a manifest changed after its seal": (
        {"change": lambda sealed: dataclasses.replace(sealed, manifest=changed_manifest(sealed.manifest, ceremony="c-2"))},
        "manifest.seal",
    ),
    "no seal": ({"change": lambda sealed: dataclasses.replace(sealed, cms=b"")}, "manifest.seal"),
    "no time-stamp": ({"change": lambda sealed: dataclasses.replace(sealed, timestamp=b"")}, "timestamp.unreadable"),
}


@pytest.mark.parametrize(("fault", "code"), CEREMONY_FAULTS.values(), ids=CEREMONY_FAULTS.keys())
def test_a_ceremony_that_does_not_hold_asks_nothing_of_the_key(
    pki: RunningPki, member_signed: SignedFile, fault: dict[str, Any], code: str
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    server = CscServer(key, [certify(pki.folder, key.public_key())])
    with serving(server.application()) as address, adapter(pki, LastingKey(_csc(address))) as signing:
        with pytest.raises(SigningFailed) as refusal:
            countersign(signing, member_signed, **fault)
        assert refusal.value.code == code
        assert "authorize" not in server.counts


def test_a_seal_by_one_of_our_own_signers_is_no_seal(pki: RunningPki, member_signed: SignedFile) -> None:
    """A ceremony sealed by the key it would use: the CA is right, the policy is not."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = certify(pki.folder, key.public_key())
    server = CscServer(key, [certificate])

    def sealed_by_the_signer(sealed: SealedManifest) -> SealedManifest:
        builder, digest = CmsBuilder(certificate, (), Mechanism.ECDSA_SHA256), hashlib.sha256(sealed.manifest).digest()
        signature = key.sign(builder.render_signed_attributes(digest), ec.ECDSA(hashes.SHA256()))
        return dataclasses.replace(sealed, cms=builder.render(digest, signature))

    with serving(server.application()) as address, adapter(pki, LastingKey(_csc(address))) as signing:
        with pytest.raises(SigningFailed) as refusal:
            countersign(signing, member_signed, change=sealed_by_the_signer)
        assert refusal.value.code == "manifest.seal"


def test_a_key_of_somebody_else_signs_nothing(pki: RunningPki, member_signed: SignedFile) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    person = Person(VICE_PRESIDENT.person.civility, "Nolwenn", "Une-Autre", "Vice-Présidente")
    certificate = certify(pki.folder, key.public_key(), dataclasses.replace(VICE_PRESIDENT, person=person))
    server = CscServer(key, [certificate])
    with serving(server.application()) as address, adapter(pki, LastingKey(_csc(address))) as signing:
        with pytest.raises(SigningFailed) as refusal:
            countersign(signing, member_signed)
        assert refusal.value.code == "signing.identity"
        assert "authorize" not in server.counts


def test_a_process_without_the_right_to_the_key_validates_and_does_not_sign(pki: RunningPki, member_signed: SignedFile) -> None:
    with adapter(pki, LastingKey(None)) as signing:
        assert signing.validate(member_signed.data, BOTH[:1]).valid
        with pytest.raises(SigningFailed) as refusal:
            countersign(signing, member_signed)
        assert refusal.value.code == "signing.no_token"


def test_a_level_that_the_key_cannot_give_is_refused_at_start_up(pki: RunningPki) -> None:
    for level in (SignatureLevel.ADVANCED, SignatureLevel.QUALIFIED):
        with pytest.raises(ConfigurationError) as refusal:
            check_level(level, None)
        assert (refusal.value.code, refusal.value.details) == ("configuration.signature_level", {"level": level.value})
    key = ec.generate_private_key(ec.SECP256R1())
    server = CscServer(key, [certify(pki.folder, key.public_key())])
    with serving(server.application()) as address:
        with adapter(pki, LastingKey(_csc(address), SignatureLevel.ADVANCED)):
            pass
        with pytest.raises(ConfigurationError) as refusal:
            pki.adapter(lasting_key=LastingKey(_csc(address), SignatureLevel.QUALIFIED))
        assert refusal.value.code == "configuration.signature_level"


COMPLIANCE, DEVICE, SEAL, SIGNATURE = "0.4.0.1862.1.1", "0.4.0.1862.1.4", "0.4.0.1862.1.6.2", "0.4.0.1862.1.6.1"


def claiming(*stated: str, kinds: tuple[str, ...]) -> x509.Certificate:
    """Make a certificate with the qualified statements given (RFC 3739, 3.2.6)."""
    statements = [render_sequence(render_oid(one)) for one in stated]
    if kinds:
        statements.append(render_sequence(render_oid("0.4.0.1862.1.6"), render_sequence(*map(render_oid, kinds))))
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Essai")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"), render_sequence(*statements))
    return builder.not_valid_before(NOW).not_valid_after(NOW + YEAR).add_extension(extension, critical=False).sign(key, hashes.SHA256())


@pytest.mark.parametrize(
    ("stated", "kinds", "claimed"),
    [
        ((COMPLIANCE, DEVICE), (SIGNATURE,), True),
        ((COMPLIANCE,), (SIGNATURE,), False),
        ((DEVICE,), (SIGNATURE,), False),
        ((COMPLIANCE, DEVICE), (SEAL,), False),
        ((COMPLIANCE, DEVICE), (), False),
    ],
    ids=["whole", "no device", "not compliant", "a seal", "of no kind"],
)
def test_qualified_is_what_the_certificate_states_whole(stated: tuple[str, ...], kinds: tuple[str, ...], claimed: bool) -> None:  # noqa: FBT001
    assert claims_qualified_signature(claiming(*stated, kinds=kinds)) is claimed


def _csc(address: str) -> CscAccess:
    return CscAccess(address, CscVersion.V2, "vp", "bearer", PIN)
