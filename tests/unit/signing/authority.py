"""A PKI in memory, and a time-stamp authority that lies on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from signing.der import render_integer, render_sequence
from signing.pki.certificates import (
    Authority,
    issue_members_ca,
    issue_ocsp_responder,
    issue_root,
    issue_seal,
    issue_syndicate_ca,
    issue_timestamp_authority,
)
from signing.pki.revocation import Responder
from signing.pki.timestamps import TimestampAuthority

BASE_URL = "http://pki.invalid"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class MemoryPki:
    """Root, issuing CAs, and a time-stamping unit, without a disk."""

    root: Authority
    members: Authority
    syndicate: Authority
    timestamps_key: ec.EllipticCurvePrivateKey
    timestamps_certificate: x509.Certificate
    seal_key: ec.EllipticCurvePrivateKey
    seal: x509.Certificate

    @property
    def anchors(self) -> tuple[x509.Certificate, ...]:
        """Return what a validator trusts."""
        return self.root.certificate, self.members.certificate, self.syndicate.certificate

    def timestamps(self) -> TimestampAuthority:
        """Return the honest authority."""
        return TimestampAuthority(self.timestamps_key, self.timestamps_certificate, self.syndicate.certificate)

    def responder(self, ca: Authority, now: datetime = NOW) -> Responder:
        """Return a responder of a CA."""
        key = ec.generate_private_key(ec.SECP256R1())
        return Responder(ca, key, issue_ocsp_responder(ca, key.public_key(), BASE_URL, now))


def memory_pki(now: datetime = NOW) -> MemoryPki:
    """Make a PKI that begins at an instant."""
    root_key = ec.generate_private_key(ec.SECP384R1())
    root = Authority("root", root_key, issue_root(root_key, "Autorité d'essai", now))
    members_key, syndicate_key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())
    members = Authority("members", members_key, issue_members_ca(root, members_key.public_key(), BASE_URL, now))
    syndicate = Authority("syndicate", syndicate_key, issue_syndicate_ca(root, syndicate_key.public_key(), BASE_URL, now))
    timestamps_key, seal_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    return MemoryPki(
        root,
        members,
        syndicate,
        timestamps_key,
        issue_timestamp_authority(syndicate, timestamps_key.public_key(), BASE_URL, now),
        seal_key,
        issue_seal(syndicate, seal_key.public_key(), BASE_URL, now),
    )


Lie = Callable[[MemoryPki, bytes, datetime], bytes]


def _changed_request(request: bytes, **changes: object) -> bytes:
    asked = tsp.TimeStampReq.load(request)
    values = {name: asked[name].native for name in ("version", "message_imprint", "nonce", "cert_req")}
    result: bytes = tsp.TimeStampReq({**values, **changes}).dump()
    return result


def _of_another_digest(pki: MemoryPki, request: bytes, now: datetime) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"\x07" * 32}
    return pki.timestamps().render_response(_changed_request(request, message_imprint=imprint), now)


def _of_another_nonce(pki: MemoryPki, request: bytes, now: datetime) -> bytes:
    return pki.timestamps().render_response(_changed_request(request, nonce=7), now)


def _without_nonce(pki: MemoryPki, request: bytes, now: datetime) -> bytes:
    return pki.timestamps().render_response(_changed_request(request, nonce=None), now)


def _without_certificates(pki: MemoryPki, request: bytes, now: datetime) -> bytes:
    return pki.timestamps().render_response(_changed_request(request, cert_req=False), now)


def _by_the_seal(pki: MemoryPki, request: bytes, now: datetime) -> bytes:
    return TimestampAuthority(pki.seal_key, pki.seal, pki.syndicate.certificate).render_response(request, now)


def _by_a_stranger(_pki: MemoryPki, request: bytes, now: datetime) -> bytes:
    return memory_pki(now - timedelta(days=1)).timestamps().render_response(request, now)


def _by_an_expired_certificate(pki: MemoryPki, request: bytes, now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = issue_timestamp_authority(pki.syndicate, key.public_key(), BASE_URL, now - 6 * YEAR)
    return TimestampAuthority(key, certificate, pki.syndicate.certificate).render_response(request, now)


def _by_another_key(pki: MemoryPki, request: bytes, now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return TimestampAuthority(key, pki.timestamps_certificate, pki.syndicate.certificate).render_response(request, now)


def _unsigned(pki: MemoryPki, request: bytes, now: datetime) -> bytes:
    answer = tsp.TimeStampResp.load(pki.timestamps().render_response(request, now))
    answer["time_stamp_token"]["content"]["signer_infos"] = []
    result: bytes = answer.dump(force=True)
    return result


def _refusal(_pki: MemoryPki, _request: bytes, _now: datetime) -> bytes:
    return render_sequence(render_sequence(render_integer(2)))  # RFC 3161, 2.4.2: rejection, and no token


def _cut_short(pki: MemoryPki, request: bytes, now: datetime) -> bytes:
    answer = pki.timestamps().render_response(request, now)
    return answer[: len(answer) // 2]


def _with_a_bit_flipped(pki: MemoryPki, request: bytes, now: datetime) -> bytes:
    answer = bytearray(pki.timestamps().render_response(request, now))
    answer[-3] ^= 1
    return bytes(answer)


LIES: dict[str, tuple[Lie, str]] = {
    "of another digest": (_of_another_digest, "timestamp.imprint"),
    "of another nonce": (_of_another_nonce, "timestamp.nonce"),
    "without nonce": (_without_nonce, "timestamp.nonce"),
    "without its certificate": (_without_certificates, "timestamp.certificate"),
    "an hour ahead": (lambda pki, request, now: pki.timestamps().render_response(request, now + timedelta(hours=1)), "timestamp.time"),
    "ten seconds late": (
        lambda pki, request, now: pki.timestamps().render_response(request, now - timedelta(seconds=10)),
        "timestamp.time",
    ),
    "by a certificate for another use": (_by_the_seal, "timestamp.purpose"),
    "by a stranger": (_by_a_stranger, "timestamp.certificate"),
    "by an expired certificate": (_by_an_expired_certificate, "timestamp.certificate"),
    "signed by another key": (_by_another_key, "timestamp.signature"),
    "with a bit flipped": (_with_a_bit_flipped, "timestamp.signature"),
    "without a signature": (_unsigned, "timestamp.unreadable"),
    "refused": (_refusal, "timestamp.refused"),
    "cut short": (_cut_short, "timestamp.unreadable"),
    "empty": (lambda _pki, _request, _now: b"", "timestamp.unreadable"),
    "a page of HTML": (lambda _pki, _request, _now: b"<!doctype html><title>502</title>", "timestamp.unreadable"),
}
"""What an authority may answer wrong, and the code under which it must be refused."""
