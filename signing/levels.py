"""The baseline level of a signature as its file shows it (EN 319 142-1, 6): never as it was asked for.

It says what the file holds, not that it is valid: ``signing.validation`` says that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from asn1crypto import cms as asn1_cms
from cryptography import x509
from cryptography.x509 import ocsp
from pyhanko.pdf_utils.reader import PdfFileReader

from conventions.errors import SigningFailed
from conventions.signatures import PadesLevel
from signing.chains import load_certificate
from signing.reading import GrowingReader
from signing.revisions import converted_errors
from signing.security_store import CERTIFICATES, CRLS, OCSP_RESPONSES, read_stored
from signing.short_term import needs_no_state
from signing.values import CADES_DETACHED, RFC3161, SignatureValue, read_signature_values

BASELINE_ATTRIBUTES = frozenset({"content_type", "message_digest"})
MAX_PATH_LENGTH = 6


@dataclass(frozen=True)
class StoredMaterial:
    """The validation data of a file: certificates, the serials that OCSP answers are about, the issuers of CRLs."""

    certificates: tuple[x509.Certificate, ...]
    answered: frozenset[int]
    listed: frozenset[bytes]

    def proves(self, leaf: x509.Certificate, others: Iterable[x509.Certificate]) -> bool:
        """Tell whether each certificate from the leaf up to the last one at hand has an answer or a list about it.

        A leaf that is a short-term certificate needs none.
        """
        pool = (*self.certificates, *others)
        current, seen = leaf, 0
        while current.issuer != current.subject and seen < MAX_PATH_LENGTH:
            has_state = current.serial_number in self.answered or current.issuer.public_bytes() in self.listed
            if not has_state and not (current is leaf and needs_no_state(leaf)):
                return False
            issuer = next((one for one in pool if one.subject == current.issuer), None)
            if issuer is None:
                return True  # its issuer is the anchor, which a file need not hold
            current, seen = issuer, seen + 1
        return seen < MAX_PATH_LENGTH


def level_of(data: bytes, field: str, before: GrowingReader | None = None) -> PadesLevel:
    """Return the level that a file of ours shows for the signature of a field; ``before`` read a prefix of it, and goes on with it.

    Raises:
        SigningFailed: no such signature, or not a PAdES one.
    """
    with converted_errors():
        reader = GrowingReader(data) if before is None else before.grow(data)
        return assess_level(read_signature_values(reader, data), field, read_material(reader), len(data))


def assess_level(values: Sequence[SignatureValue], field: str, material: StoredMaterial, size_bytes: int) -> PadesLevel:
    """Return the level of a field's signature among the values of its file; a document time-stamp dates it as one of its own would.

    Raises:
        SigningFailed: no such signature, or not a PAdES one.
    """
    value = next((one for one in values if one.field == field), None)
    if value is None or value.sub_filter != CADES_DETACHED:
        raise SigningFailed(f"no PAdES signature in {field}", code="signing.level")
    signed_data = asn1_cms.ContentInfo.load(value.contents)["content"]
    (signer,) = signed_data["signer_infos"]
    signed = {attribute["type"].native for attribute in signer["signed_attrs"]}
    if not signed >= BASELINE_ATTRIBUTES or not signed & {"signing_certificate", "signing_certificate_v2"}:
        raise SigningFailed(f"the signature in {field} lacks a baseline attribute", code="signing.level")
    tokens = [
        token
        for attribute in signer["unsigned_attrs"] or ()
        if attribute["type"].native == "signature_time_stamp_token"
        for token in attribute["values"]
    ]
    archived = any(other.sub_filter == RFC3161 and value.end < other.end <= size_bytes for other in values)
    if not tokens and not archived:
        return PadesLevel.B_B
    if not all(_is_proven(one, material) for one in (signed_data, *(token["content"] for token in tokens))):
        return PadesLevel.B_T
    return PadesLevel.B_LTA if archived else PadesLevel.B_LT


def read_material(reader: PdfFileReader) -> StoredMaterial:
    """Read the document security store; empty without one."""
    certificates = tuple(load_certificate(der) for der in read_stored(reader, CERTIFICATES))
    answered = frozenset(serial for der in read_stored(reader, OCSP_RESPONSES) for serial in _answered(der))
    listed = frozenset(_issuer_of(der) for der in read_stored(reader, CRLS))
    return StoredMaterial(certificates, answered, listed)


@lru_cache(maxsize=256)
def _answered(der: bytes) -> tuple[int, ...]:
    """Read once an answer that a whole batch of files holds."""
    response = ocsp.load_der_ocsp_response(der)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return ()
    return tuple(single.serial_number for single in response.responses)


@lru_cache(maxsize=64)
def _issuer_of(der: bytes) -> bytes:
    return x509.load_der_x509_crl(der).issuer.public_bytes()


def _is_proven(signed_data: asn1_cms.SignedData, material: StoredMaterial) -> bool:
    certificates = [load_certificate(choice.chosen.dump()) for choice in signed_data["certificates"]]
    serial = signed_data["signer_infos"][0]["sid"].chosen["serial_number"].native
    leaf = next((one for one in certificates if one.serial_number == serial), None)
    return leaf is not None and material.proves(leaf, certificates)
