"""A made-up operator of trusted lists: it signs lists of lists and national ones, of services that exist nowhere."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier
from lxml import etree  # type: ignore[import-untyped]
from signxml.xades.xades import XAdESSigner

from signing.pki.certificates import Authority

TSL = "http://uri.etsi.org/02231/v2#"
BASE = "http://uri.etsi.org/TrstSvc"
CA_QC, QTST = f"{BASE}/Svctype/CA/QC", f"{BASE}/Svctype/TSA/QTST"
GRANTED, WITHDRAWN = f"{BASE}/TrustedList/Svcstatus/granted", f"{BASE}/TrustedList/Svcstatus/withdrawn"
FOR_SIGNATURES, FOR_SEALS = (f"{BASE}/TrustedList/SvcInfoExt/{kind}" for kind in ("ForeSignatures", "ForeSeals"))
LISTS_RULE = f"{BASE}/TrustedList/schemerules/EUlistofthelists"
MIME_TYPE = "application/vnd.etsi.tsl+xml"
LONG_AGO = datetime(2019, 1, 1, tzinfo=UTC)
QC_TYPES = {"sign": "0.4.0.1862.1.6.1", "seal": "0.4.0.1862.1.6.2"}


@dataclass(frozen=True)
class Service:
    """A service: its type, certificate, status since an instant, and before (oldest last)."""

    kind: str
    certificate: x509.Certificate
    status: str = GRANTED
    since: datetime = LONG_AGO
    history: Sequence[tuple[str, datetime]] = ()
    narrowed_to: str = ""
    name: str = "Service d'essai"


@dataclass
class Operator:
    """Holds the key of a list's signer."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Opérateur de listes d'essai")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(LONG_AGO)
        self.certificate = builder.not_valid_after(LONG_AGO + timedelta(days=30 * 365)).sign(self.key, hashes.SHA256())

    def sign(self, xml: str) -> bytes:
        """Sign a list, enveloped, as a scheme operator does."""
        signer = XAdESSigner(signature_algorithm="ecdsa-sha256", c14n_algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
        pem = self.certificate.public_bytes(Encoding.PEM).decode()
        return bytes(etree.tostring(signer.sign(etree.fromstring(xml.encode()), key=self.key, cert=pem)))


def list_of_lists(
    pointers: Sequence[tuple[str, str, x509.Certificate]],
    issued_at: datetime,
    next_update_at: datetime,
    *,
    self_signer: x509.Certificate | None = None,
    pivots: Sequence[str] = (),
) -> str:
    """Write a list of lists: territory, address and signer of each."""
    told = "".join(_pointer(*one, "") for one in pointers)
    if self_signer is not None:
        told += _pointer("EU", "http://listes.invalid/lotl.xml", self_signer, LISTS_RULE)
    return _document(_scheme("EU", issued_at, next_update_at, told, pivots))


def national_list(territory: str, services: Sequence[Service], issued_at: datetime, next_update_at: datetime | None) -> str:
    """Write a national list of one provider's services."""
    told = "".join(_service(one) for one in services)
    provider = (
        "<TSPInformation><TSPName><Name xml:lang='en'>Prestataire d'essai</Name></TSPName></TSPInformation>"
        f"<TSPServices>{told}</TSPServices>"
    )
    listed = f"<TrustServiceProviderList><TrustServiceProvider>{provider}</TrustServiceProvider></TrustServiceProviderList>"
    return _document(_scheme(territory, issued_at, next_update_at, "") + listed)


def issue_qualified(
    ca: Authority, key: ec.EllipticCurvePublicKey, at: datetime, *, kind: str = "sign", in_device: bool = True
) -> x509.Certificate:
    """Issue a person's certificate that says it is qualified (EN 319 412-5)."""
    kinds = core.SequenceOf([core.ObjectIdentifier(QC_TYPES[kind])], spec=core.ObjectIdentifier).dump()
    statements = [_statement("0.4.0.1862.1.1"), _statement("0.4.0.1862.1.6", kinds)] + ([_statement("0.4.0.1862.1.4")] if in_device else [])
    der = _sequence(b"".join(statements))
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"), x509.NameAttribute(NameOID.COMMON_NAME, "Jeanne Essai")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(ca.certificate.subject).public_key(key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(at).not_valid_after(at + timedelta(days=365))
    builder = builder.add_extension(x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.5.5.7.1.3"), der), critical=False)
    return builder.sign(ca.key, hashes.SHA256())


def _statement(oid: str, value: bytes = b"") -> bytes:
    return _sequence(core.ObjectIdentifier(oid).dump() + value)


def _sequence(content: bytes) -> bytes:
    return bytes(core.Sequence(contents=content).dump())


def _document(content: str) -> str:
    return f'<TrustServiceStatusList xmlns="{TSL}" Id="tsl">{content}</TrustServiceStatusList>'


def _scheme(territory: str, issued_at: datetime, next_update_at: datetime | None, pointers: str, pivots: Sequence[str] = ()) -> str:
    following = f"<dateTime>{_time(next_update_at)}</dateTime>" if next_update_at else ""
    addresses = "".join(f"<URI xml:lang='en'>{one}</URI>" for one in (*pivots, "http://listes.invalid/info"))
    return (
        "<SchemeInformation><TSLVersionIdentifier>5</TSLVersionIdentifier><TSLSequenceNumber>1</TSLSequenceNumber>"
        f"<SchemeInformationURI>{addresses}</SchemeInformationURI><SchemeTerritory>{territory}</SchemeTerritory>"
        f"<PointersToOtherTSL>{pointers}</PointersToOtherTSL>"
        f"<ListIssueDateTime>{_time(issued_at)}</ListIssueDateTime><NextUpdate>{following}</NextUpdate></SchemeInformation>"
    )


def _pointer(territory: str, address: str, signer: x509.Certificate, rule: str) -> str:
    rules = f"<OtherInformation><SchemeTypeCommunityRules><URI xml:lang='en'>{rule}</URI></SchemeTypeCommunityRules></OtherInformation>"
    return (
        f"<OtherTSLPointer><ServiceDigitalIdentities>{_identity(signer)}</ServiceDigitalIdentities><TSLLocation>{address}</TSLLocation>"
        f"<AdditionalInformation><OtherInformation><SchemeTerritory>{territory}</SchemeTerritory></OtherInformation>{rules if rule else ''}"
        f"<OtherInformation><ns:MimeType xmlns:ns='http://uri.etsi.org/02231/v2/additionaltypes#'>{MIME_TYPE}</ns:MimeType>"
        "</OtherInformation></AdditionalInformation></OtherTSLPointer>"
    )


def _identity(certificate: x509.Certificate) -> str:
    text = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return f"<ServiceDigitalIdentity><DigitalId><X509Certificate>{text}</X509Certificate></DigitalId></ServiceDigitalIdentity>"


def _service(one: Service) -> str:
    narrowed = (
        "<ServiceInformationExtensions><Extension Critical='true'><AdditionalServiceInformation>"
        f"<URI xml:lang='en'>{one.narrowed_to}</URI></AdditionalServiceInformation></Extension></ServiceInformationExtensions>"
    )
    body = _status(one, one.status, one.since) + (narrowed if one.narrowed_to else "")
    past = "".join(f"<ServiceHistoryInstance>{_status(one, status, since)}</ServiceHistoryInstance>" for status, since in one.history)
    history = f"<ServiceHistory>{past}</ServiceHistory>" if past else ""
    return f"<TSPService><ServiceInformation>{body}</ServiceInformation>{history}</TSPService>"


def _status(one: Service, status: str, since: datetime) -> str:
    return (
        f"<ServiceTypeIdentifier>{one.kind}</ServiceTypeIdentifier><ServiceName><Name xml:lang='en'>{one.name}</Name></ServiceName>"
        f"{_identity(one.certificate)}<ServiceStatus>{status}</ServiceStatus><StatusStartingTime>{_time(since)}</StatusStartingTime>"
    )


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
