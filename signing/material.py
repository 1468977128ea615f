"""What a signed file holds to be validated by: taken out for a proof bundle, judged by nobody here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

from conventions.errors import ContreseingError, EvidenceBroken
from conventions.signatures import ProofMaterial
from signing.chains import parse_certificates
from signing.cms_parsing import SIGNATURE_TIMESTAMP_OID, parse_cms
from signing.der import strip_padding
from signing.reading import GrowingReader
from signing.revisions import converted_errors
from signing.security_store import CERTIFICATES, CRLS, OCSP_RESPONSES, read_stored
from signing.timestamping import UNREADABLE
from signing.values import RFC3161, SignatureValue, read_signature_values


def read_proof_material(data: bytes, accepted_pem: Iterable[bytes] = ()) -> ProofMaterial:
    """Return the certificates, OCSP answers and lists of a file's security store (ISO 32000-2, 12.8.4.3), and every token in it.

    Of the authorities accepted for files signed elsewhere, those that issued one of these certificates come with it.

    Raises:
        EvidenceBroken: not a file that we signed.
    """
    try:
        with converted_errors():
            reader = GrowingReader(data)
            values = read_signature_values(reader, data)
            certificates = tuple(read_stored(reader, CERTIFICATES))
            issuers = {load_der_x509_certificate(der).issuer for der in certificates}
            accepted = (one for pem in accepted_pem for one in parse_certificates(pem) if one.subject in issuers)
            return ProofMaterial(
                certificates=certificates,
                ocsp_responses=tuple(read_stored(reader, OCSP_RESPONSES)),
                crls=tuple(read_stored(reader, CRLS)),
                timestamps=tuple(token for value in values for token in _tokens(value)),
                roots=tuple(one.public_bytes(Encoding.DER) for one in accepted),
            )
    except (ContreseingError, *UNREADABLE) as error:
        raise EvidenceBroken("not a file that this system signed") from error


def _tokens(value: SignatureValue) -> Iterator[tuple[str, bytes]]:
    der = strip_padding(value.contents)
    if value.sub_filter == RFC3161:
        yield value.field, der
    else:
        yield from ((value.field, token) for token in parse_cms(der).unsigned_attributes.get(SIGNATURE_TIMESTAMP_OID, ()))
