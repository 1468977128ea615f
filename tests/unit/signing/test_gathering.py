"""The evidence of a chain, from responders and lists that answer well, badly or not at all."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from conventions.errors import SigningFailed, UpstreamUnavailable
from conventions.sentences import sentence
from signing.chains import TrustStore
from signing.gathering import Gatherer
from signing.outside import Answer
from signing.pki import policies
from signing.pki.certificates import issue_signer
from signing.pki.revocation import IssuedCertificate, parse_ocsp_request, render_crl, render_ocsp_response
from tests.unit.signing.authority import BASE_URL, NOW, memory_pki
from tests.unit.signing.test_pki_certificates import SUBJECT

PKI = memory_pki()
RESPONDERS = {"members": PKI.responder(PKI.members), "syndicate": PKI.responder(PKI.syndicate)}


class MovableClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


class MemoryOutside:
    """Answers for the embedded responders; ``revoked`` and ``silent`` make it say or do otherwise."""

    def __init__(self, clock: MovableClock) -> None:
        self.clock = clock
        self.asked: list[str] = []
        self.revoked: set[int] = set()
        self.silent: set[str] = set()
        self.garbled = False

    async def fetch(self, method: str, address: str, service: str, *, data: bytes | None = None, headers: object = None) -> Answer:
        kind, name = address.removeprefix(BASE_URL + "/").split("/")
        self.asked.append(f"{kind} {name.removesuffix('.crl')}")
        if kind in self.silent:
            raise UpstreamUnavailable(f"{service} does not answer")
        now = self.clock.now()
        if self.garbled:
            return Answer(200, "", b"<html>")
        if kind == "crl":
            ca = {"root": PKI.root, "members": PKI.members, "syndicate": PKI.syndicate}[name.removesuffix(".crl")]
            revoked = [IssuedCertificate(serial, now + timedelta(days=999), now) for serial in self.revoked]
            return Answer(200, "", render_crl(ca, revoked, 1, now))
        request = parse_ocsp_request(data or b"")
        found = IssuedCertificate(request.serial_number, now + timedelta(days=9), now if request.serial_number in self.revoked else None)
        return Answer(200, "", render_ocsp_response(RESPONDERS[name], request, found, now))


def signer() -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return issue_signer(PKI.members, key, SUBJECT, policies.MEMBERS_POLICY, BASE_URL, NOW)


@pytest.fixture
def outside() -> MemoryOutside:
    return MemoryOutside(MovableClock())


@pytest.fixture
def gatherer(outside: MemoryOutside) -> Gatherer:
    return Gatherer(outside, TrustStore(PKI.anchors), outside.clock)  # type: ignore[arg-type]


def test_a_leaf_is_asked_by_ocsp_and_its_ca_by_list(gatherer: Gatherer, outside: MemoryOutside) -> None:
    evidence = asyncio.run(gatherer.gather(signer(), ()))
    assert outside.asked == ["ocsp members", "crl root"]
    assert (len(evidence.chain), len(evidence.ocsp_responses), len(evidence.crls)) == (3, 1, 1)


def test_what_many_share_is_asked_once_an_hour_and_a_signer_each_time(gatherer: Gatherer, outside: MemoryOutside) -> None:
    for _ in range(2):
        asyncio.run(gatherer.gather(PKI.timestamps_certificate, ()))
        asyncio.run(gatherer.gather(signer(), ()))
    assert sorted(outside.asked) == ["crl root", "ocsp members", "ocsp members", "ocsp syndicate"]
    outside.clock.at += timedelta(hours=1)
    asyncio.run(gatherer.gather(PKI.timestamps_certificate, ()))
    assert outside.asked[4:] == ["ocsp syndicate", "crl root"]
    gatherer.forget()
    asyncio.run(gatherer.gather(PKI.timestamps_certificate, ()))
    assert outside.asked[6:] == ["ocsp syndicate", "crl root"]


@pytest.mark.parametrize("kind", ["ocsp", "crl"])
def test_a_responder_or_a_list_that_is_down_stops_everything(gatherer: Gatherer, outside: MemoryOutside, kind: str) -> None:
    outside.silent = {kind}
    with pytest.raises(UpstreamUnavailable) as refusal:
        asyncio.run(gatherer.gather(signer(), ()))
    service, authority = {
        "ocsp": ("Le répondeur OCSP", "Autorité de signature des membres"),
        "crl": ("La liste des certificats révoqués (CRL)", "Autorité racine"),
    }[kind]
    assert sentence(refusal.value).startswith(f"{service} de l’autorité « {authority} » ")


def test_an_answer_that_makes_no_sense_is_an_upstream_that_fails(gatherer: Gatherer, outside: MemoryOutside) -> None:
    outside.garbled = True
    with pytest.raises(UpstreamUnavailable) as refusal:
        asyncio.run(gatherer.gather(signer(), ()))
    assert refusal.value.code == "revocation.no_answer"


def test_a_revoked_signer_does_not_sign(gatherer: Gatherer, outside: MemoryOutside) -> None:
    certificate = signer()
    outside.revoked = {certificate.serial_number}
    with pytest.raises(SigningFailed) as refusal:
        asyncio.run(gatherer.gather(certificate, ()))
    assert refusal.value.code == "revocation.revoked"


def test_a_revoked_ca_makes_nothing(gatherer: Gatherer, outside: MemoryOutside) -> None:
    outside.revoked = {PKI.members.certificate.serial_number}
    with pytest.raises(SigningFailed) as refusal:
        asyncio.run(gatherer.gather(signer(), ()))
    assert refusal.value.code == "revocation.revoked"


def test_a_stranger_is_not_asked_about(gatherer: Gatherer, outside: MemoryOutside) -> None:
    stranger = memory_pki()
    with pytest.raises(SigningFailed) as refusal:
        asyncio.run(gatherer.gather(stranger.timestamps_certificate, (stranger.syndicate.certificate,)))
    assert (refusal.value.code, outside.asked) == ("chain.no_path", [])


def test_a_certificate_that_names_nobody_to_ask_cannot_be_proved(gatherer: Gatherer) -> None:
    builder = x509.CertificateBuilder().subject_name(PKI.seal.subject).issuer_name(PKI.syndicate.certificate.subject)
    builder = builder.public_key(PKI.seal_key.public_key()).serial_number(7)
    builder = builder.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    with pytest.raises(SigningFailed) as refusal:
        asyncio.run(gatherer.gather(builder.sign(PKI.syndicate.key, hashes.SHA384()), ()))
    assert refusal.value.code == "revocation.no_address"
