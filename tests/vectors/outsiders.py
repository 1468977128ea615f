"""Signers who come with a certificate and a tool of their own: an authority of theirs, several kinds of key, several producers."""

from __future__ import annotations

import asyncio
import functools
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers, timestamps
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing.pki.directory import Pki
from signing.pki.policies import VALIDITY_ASSURED_SHORT_TERM
from tests.unit.signing.material import MEMBER

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
THIRD_PARTY = "Autorité tierce d'essai"
DAY = timedelta(days=1)
DER_NULL = b"\x05\x00"


@dataclass(frozen=True)
class Subject:
    """What a certificate says of its holder, and how it departs from a good one."""

    common_name: str = MEMBER.person.full_name.removeprefix("Madame ")
    given_name: str = MEMBER.person.given_name
    surname: str = MEMBER.person.family_name
    organisation: str = MEMBER.organisation
    identifier: str = MEMBER.organization_identifier
    unit: str = ""
    begins: timedelta = -DAY
    ends: timedelta = 365 * DAY
    is_authority: bool = False
    may_sign: bool = True
    purpose: x509.ObjectIdentifier | None = None
    responder: str = ""


@dataclass(frozen=True)
class Outsider:
    """A key and its certificate."""

    key: Key
    certificate: x509.Certificate
    issuer: x509.Certificate | None = None


@functools.lru_cache
def key_of(kind: str) -> Key:
    """Make one key of a kind: ``p256``, ``p384``, ``p521``, ``rsa1024``, ``rsa2048``, ``rsa3072``."""
    curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
    if kind in curves:
        return ec.generate_private_key(curves[kind])
    return rsa.generate_private_key(public_exponent=65_537, key_size=int(kind.removeprefix("rsa")))


def authority(name: str = THIRD_PARTY) -> Outsider:
    """Make an authority that is none of ours, once for each name."""
    return _authority(name)


@functools.lru_cache
def _authority(name: str) -> Outsider:
    key = ec.generate_private_key(ec.SECP384R1())
    return Outsider(key, certify(key, key, None, Subject(common_name=name, given_name="", surname="", is_authority=True, ends=3_650 * DAY)))


def outsider(kind: str = "p256", subject: Subject | None = None, ca: str = THIRD_PARTY) -> Outsider:
    """Give a person a key and a certificate of an authority, the same for the same person."""
    return _outsider(kind, subject or Subject(), ca)


@functools.lru_cache
def _outsider(kind: str, subject: Subject, ca: str) -> Outsider:
    key, issuer = key_of(kind), authority(ca)
    return Outsider(key, certify(key, issuer.key, issuer.certificate, subject), issuer.certificate)


def certify(key: Key, by: Key, issuer: x509.Certificate | None, subject: Subject) -> x509.Certificate:
    """Issue a certificate; without an issuer it is self-signed."""
    now = datetime.now(UTC)
    named = [
        (NameOID.COMMON_NAME, subject.common_name),
        (NameOID.GIVEN_NAME, subject.given_name),
        (NameOID.SURNAME, subject.surname),
        (NameOID.ORGANIZATION_NAME, subject.organisation),
        (NameOID.ORGANIZATION_IDENTIFIER, subject.identifier),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, subject.unit),
    ]
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in named if value])
    usage = x509.KeyUsage(
        digital_signature=subject.may_sign and not subject.is_authority,
        content_commitment=subject.may_sign and not subject.is_authority,
        key_encipherment=not subject.may_sign,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=subject.is_authority,
        crl_sign=subject.is_authority,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + subject.begins)
        .not_valid_after(now + subject.ends)
        .add_extension(x509.BasicConstraints(subject.is_authority, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if not subject.is_authority:  # nobody serves its state: without this, no judge says more of a file than that it cannot know
        short_term = x509.UnrecognizedExtension(x509.ObjectIdentifier(VALIDITY_ASSURED_SHORT_TERM), DER_NULL)
        builder = builder.add_extension(short_term, critical=False)
    if subject.responder:
        place = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(subject.responder))
        builder = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
    if subject.purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([subject.purpose]), critical=True)
    return builder.sign(by, hashes.SHA384())


@dataclass(frozen=True)
class Way:
    """How an outsider signs: digest, PSS or not, what the field is, which kind of signature, time-stamped or not (``tsa_url``: by whom)."""

    digest: str = "sha256"
    prefer_pss: bool = False
    field: str = "Signature_Membre"
    subfilter: SigSeedSubFilter = SigSeedSubFilter.PADES
    timestamped: bool = False
    stamper: timestamps.TimeStamper | None = None
    tsa_url: str | None = None
    certify: bool = False
    reason: str | None = None
    location: str | None = None
    reserved_bytes: int | None = None
    change: Callable[[IncrementalPdfFileWriter], None] | None = None


def as_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _private(key: Key) -> asn1_keys.PrivateKeyInfo:
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return asn1_keys.PrivateKeyInfo.load(der)


def simple_signer(who: Outsider, *, prefer_pss: bool = False) -> signers.SimpleSigner:
    """Make pyHanko's own signer, as other tools use it."""
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    if who.issuer is not None:
        store.register(as_asn1(who.issuer))
    return signers.SimpleSigner(
        signing_cert=as_asn1(who.certificate), signing_key=_private(who.key), cert_registry=store, prefer_pss=prefer_pss
    )


@functools.lru_cache
def stamper(ca: str = THIRD_PARTY) -> timestamps.DummyTimeStamper:
    """Make a time-stamp authority of an outside authority."""
    subject = Subject(common_name="Horodatage tiers", given_name="", surname="", purpose=ExtendedKeyUsageOID.TIME_STAMPING)
    unit = outsider("rsa2048", subject, ca)
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register(as_asn1(authority(ca).certificate))
    return timestamps.DummyTimeStamper(
        tsa_cert=as_asn1(unit.certificate), tsa_key=_private(unit.key), certs_to_embed=store, override_md="sha256"
    )


def stamper_at(pki: Pki, at: datetime) -> timestamps.TimeStamper:
    """Make an embedded PKI's own time-stamp authority, at work at an instant."""
    return _Then(pki, at)


class _Then(timestamps.TimeStamper):
    def __init__(self, pki: Pki, at: datetime) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._pki = pki
        self._at = at

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._pki.timestamps.render_response(req.dump(), self._at))


def sign(data: bytes, who: Outsider, way: Way | None = None) -> bytes:
    """Sign a file's field through pyHanko's ``PdfSigner``, as documented."""
    way = way or Way()
    meta = signers.PdfSignatureMetadata(
        field_name=way.field,
        subfilter=way.subfilter,
        md_algorithm=way.digest,
        certify=way.certify,
        reason=way.reason,
        location=way.location,
    )
    output = io.BytesIO(data)
    writer = IncrementalPdfFileWriter(output)
    if way.change is not None:
        way.change(writer)
    asked = timestamps.HTTPTimeStamper(way.tsa_url) if way.tsa_url is not None else None
    stamped: Any = stamper() if way.timestamped else way.stamper or asked
    signer = signers.PdfSigner(meta, simple_signer(who, prefer_pss=way.prefer_pss), timestamper=stamped)
    asyncio.run(signer.async_sign_pdf(writer, in_place=True, bytes_reserved=way.reserved_bytes))
    return output.getvalue()
