"""CMS SignedData (RFC 5652, 5) with one signer, and TSTInfo (RFC 3161, 2.4.2), read byte for byte.

No value is encoded anew: what was signed is hashed as it stands in the file. Strict DER; BER is refused, as PAdES does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from signing.chains import load_certificate
from signing.der import BOOLEAN, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, read_elements, read_value

SIGNED_DATA, DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
SIGNATURE_TIMESTAMP_OID = "1.2.840.113549.1.9.16.2.14"
SHA256 = "2.16.840.1.101.3.4.2.1"
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1
KEY_IDENTIFIER = 0x80

Attributes = Mapping[str, tuple[bytes, ...]]
"""DER values by the attribute's dotted identifier."""


class SignerNotThere(ValueError):
    """The signer's certificate is not among those that the CMS holds."""


@dataclass(frozen=True)
class ParsedCms:
    """One signer's SignedData. ``content`` is None when detached; ``signed_attributes_der`` as hashed, with the tag of a SET."""

    content_type: str
    content: bytes | None
    certificates: tuple[x509.Certificate, ...]
    signer: x509.Certificate
    digest_algorithm: str
    signed_attributes_der: bytes
    signed_attributes: Attributes
    signature_algorithm: str
    signature: bytes
    unsigned_attributes: Attributes


@dataclass(frozen=True)
class ParsedTstInfo:
    """What a time-stamp token says."""

    policy: str
    imprint_algorithm: str
    imprint: bytes
    gen_time: datetime
    nonce: int | None


def parse_cms(der: bytes) -> ParsedCms:
    """Read a ContentInfo.

    Raises:
        SignerNotThere: no certificate is the signer's.
        ValueError: not DER, not SignedData, or not one signer.
    """
    kind, wrapped = _fields(der, SEQUENCE, 2)
    if parse_oid(kind) != SIGNED_DATA:
        raise ValueError("not SignedData")
    (signed_data,) = read_elements(_tagged(wrapped, CONTEXT_0))
    _version, _digests, encapsulated, *rest = read_elements(_tagged(signed_data, SEQUENCE))
    content_type, content = _encapsulated(encapsulated)
    certificates = tuple(load_certificate(one) for part in rest[:-1] if part[0] == CONTEXT_0 for one in read_elements(part))
    (signer_info,) = read_elements(_tagged(rest[-1], SET))
    _signer_version, identifier, digest, signed, algorithm, signature, *unsigned = read_elements(_tagged(signer_info, SEQUENCE))
    return ParsedCms(
        content_type=content_type,
        content=content,
        certificates=certificates,
        signer=_signer(identifier, certificates),
        digest_algorithm=parse_algorithm(digest),
        signed_attributes_der=b"\x31" + _tagged(signed, CONTEXT_0)[1:],
        signed_attributes=_attributes(signed),
        signature_algorithm=parse_algorithm(algorithm),
        signature=read_value(signature, OCTET_STRING),
        unsigned_attributes=_attributes(_tagged(unsigned[0], CONTEXT_1)) if unsigned else {},
    )


def parse_tst_info(der: bytes) -> ParsedTstInfo:
    """Read a TSTInfo.

    Raises:
        ValueError: not DER, or not as RFC 3161 orders it.
    """
    version, policy, imprint, _serial, gen_time, *optional = read_elements(_tagged(der, SEQUENCE))
    if read_value(version, INTEGER) != b"\x01":
        raise ValueError("a TSTInfo of another version")
    algorithm, digest = _fields(imprint, SEQUENCE, 2)
    nonces = [int.from_bytes(read_value(part, INTEGER), "big", signed=True) for part in optional if part[0] == INTEGER]
    if len(nonces) > 1 or any(part[0] not in (SEQUENCE, BOOLEAN, INTEGER, CONTEXT_0, CONTEXT_1) for part in optional):
        raise ValueError("a TSTInfo with something else in it")
    return ParsedTstInfo(
        parse_oid(policy), parse_algorithm(algorithm), read_value(digest, OCTET_STRING), _time(gen_time), nonces[0] if nonces else None
    )


def parse_algorithm(der: bytes) -> str:
    """Return the identifier of an AlgorithmIdentifier; its parameters are read by who knows them."""
    return parse_oid(read_elements(_tagged(der, SEQUENCE))[0])


def parse_oid(der: bytes) -> str:
    """Return an OBJECT IDENTIFIER as dotted text.

    Raises:
        ValueError: not one.
    """
    arcs, arc = [], 0
    octets = read_value(der, OID)
    if not octets or octets[-1] & 0x80:
        raise ValueError("not an object identifier")
    for octet in octets:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(one) for one in (first, arcs[0] - 40 * first, *arcs[1:]))


def _encapsulated(der: bytes) -> tuple[str, bytes | None]:
    kind, *content = read_elements(_tagged(der, SEQUENCE))
    if not content:
        return parse_oid(kind), None
    (octets,) = read_elements(_tagged(content[0], CONTEXT_0))
    return parse_oid(kind), read_value(octets, OCTET_STRING)


def _signer(identifier: bytes, certificates: tuple[x509.Certificate, ...]) -> x509.Certificate:
    """Find the certificate by issuer and serial number, or by key identifier (RFC 5652, 5.3)."""
    if identifier[0] == KEY_IDENTIFIER:
        wanted = read_value(identifier, KEY_IDENTIFIER)
        found = [one for one in certificates if _key_identifier(one) == wanted]
    else:
        issuer, serial = _fields(identifier, SEQUENCE, 2)
        number = int.from_bytes(read_value(serial, INTEGER), "big", signed=True)
        found = [one for one in certificates if one.serial_number == number and one.issuer.public_bytes() == issuer]
    if len(found) != 1:
        raise SignerNotThere("the signer's certificate is not there once")
    return found[0]


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _attributes(der: bytes) -> Attributes:
    found: dict[str, tuple[bytes, ...]] = {}
    for attribute in read_elements(der):
        kind, values = _fields(attribute, SEQUENCE, 2)
        name = parse_oid(kind)
        if name in found:
            raise ValueError("an attribute that stands twice")
        found[name] = tuple(read_elements(_tagged(values, SET)))
    return found


def _time(der: bytes) -> datetime:
    """Read a GeneralizedTime in UTC (RFC 3161, 2.4.2): whole seconds, or a fraction without final zeros."""
    whole, _, fraction = read_value(der, GENERALIZED_TIME).decode("ascii").removesuffix("Z").partition(".")
    at = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return at.replace(microsecond=int(fraction[:6].ljust(6, "0"))) if fraction else at


def _tagged(der: bytes, tag: int) -> bytes:
    if der[:1] != bytes((tag,)):
        raise ValueError("another tag than expected")
    return der


def _fields(der: bytes, tag: int, count: int) -> list[bytes]:
    fields = read_elements(_tagged(der, tag))
    if len(fields) != count:
        raise ValueError("another number of fields than expected")
    return fields
