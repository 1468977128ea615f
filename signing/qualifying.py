"""Is a signature or a time-stamp qualified? Computed from its certificate and verified trusted lists, never claimed.

The rules are those of ETSI TS 119 615: the certificate says that it is qualified (EN 319 412-5), and the service that issued it
was granted, in a list that is not out of date, both when it was issued and when it signed; a qualified signature also needs a
key in a qualified device. pyHanko applies what a list says of some certificates of a service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.validation.qualified.assess import QualificationAssessor
from pyhanko.sign.validation.qualified.tsp import QcCertType, QualifiedServiceInformation, TSPRegistry
from pyhanko_certvalidator.authority import AuthorityWithCert, TrustAnchor
from pyhanko_certvalidator.path import ValidationPath

from conventions.qualification import NO_LIST, Qualification, QualifiedWhy
from conventions.signatures import Indication, SignatureFinding, TimestampFinding
from signing.chains import CERTIFICATE_ERRORS, MAX_PATH_LENGTH, is_issued_by
from signing.qc_statements import claims_to_be_qualified
from signing.trusted_lists import NationalList, TrustedLists

Path = tuple[x509.Certificate, ...]
"""From the certificate asked about (first) to the last one above it that is known."""


@dataclass(frozen=True)
class ShownPaths:
    """The paths that a file shows, in the order of its findings: of each signer, of each unit of time-stamps."""

    signers: tuple[Path, ...]
    stampers: tuple[Path, ...]


class Qualifier:
    """Answers with the lists of a folder; without one, nothing is qualified."""

    def __init__(self, lists: TrustedLists | None = None) -> None:
        self._lists = lists

    def signatures(self, found: Iterable[SignatureFinding], shown: ShownPaths) -> tuple[SignatureFinding, ...]:
        """Return these findings with the certificates of each and the answer for it."""
        return tuple(
            replace(one, certificates=_fingerprints(path), qualification=self.of_signature(path, one.signed_at, one.indication))
            for one, path in zip(found, shown.signers, strict=True)
        )

    def timestamps(self, found: Iterable[TimestampFinding], shown: ShownPaths) -> tuple[TimestampFinding, ...]:
        """Return these findings with the certificates of each and the answer for it."""
        return tuple(
            replace(one, certificates=_fingerprints(path), qualification=self.of_timestamp(path, one.at, one.indication))
            for one, path in zip(found, shown.stampers, strict=True)
        )

    def of_signature(self, path: Path, signed_at: datetime, indication: Indication) -> Qualification:
        """Answer of a signature that had this indication."""
        if not claims_to_be_qualified(path[0]):
            return Qualification(QualifiedWhy.NOT_CLAIMED)
        return self._answer(path, indication, lambda one, above: _signer_answer(one, above, signed_at))

    def of_timestamp(self, path: Path, at: datetime, indication: Indication) -> Qualification:
        """Answer of a time-stamp that had this indication: its unit, or a CA above it, is a listed service that was granted."""
        return self._answer(path, indication, lambda one, above: _unit_answer(one, above, at))

    def _answer(
        self, shown: Path, indication: Indication, ask: Callable[[NationalList, Path], tuple[QualifiedWhy, str] | None]
    ) -> Qualification:
        lotl = self._lists.list_of_lists() if self._lists is not None else None
        if self._lists is None or lotl is None:
            return NO_LIST
        if indication is not Indication.TOTAL_PASSED:
            return Qualification(QualifiedWhy.NOT_VALID)
        now = self._lists.now()
        lists, is_complete = self._lists.naming(shown)
        for one in lists:
            if (answer := ask(one, path_of(shown[0], (*one.certificates, *shown[1:])))) is not None:
                is_old = one.is_out_of_date(now) or lotl.is_out_of_date(now)
                return Qualification(QualifiedWhy.LIST_OUT_OF_DATE if is_old else answer[0], one.name, answer[1], one.issued_at)
        if lotl.is_out_of_date(now):
            return Qualification(QualifiedWhy.LIST_OUT_OF_DATE)
        if any(one.has_unread for one in lists):
            return Qualification(QualifiedWhy.UNDECIDED)
        return Qualification(QualifiedWhy.NOT_LISTED if is_complete else QualifiedWhy.LISTS_INCOMPLETE)


def path_of(leaf: x509.Certificate, known: Sequence[x509.Certificate]) -> Path:
    """Return the path from a certificate up, as far as these know it."""
    path = [leaf]
    while len(path) <= MAX_PATH_LENGTH:
        issuer = next((one for one in known if one not in path and is_issued_by(path[-1], one)), None)
        if issuer is None:
            break
        path.append(issuer)
    return tuple(path)


def _fingerprints(path: Path) -> tuple[str, ...]:
    return tuple(one.fingerprint(hashes.SHA256()).hex() for one in path)


def _signer_answer(listed: NationalList, path: Path, signed_at: datetime) -> tuple[QualifiedWhy, str] | None:
    authorities = [_asn1(one) for one in path[1:]]
    services = _services(listed.issuers, authorities, None)
    if not services:
        return None
    validation_path = ValidationPath(TrustAnchor(AuthorityWithCert(authorities[-1])), authorities[-2::-1], _asn1(path[0]))
    try:
        moments = (path[0].not_valid_before_utc, signed_at)
    except CERTIFICATE_ERRORS:
        return QualifiedWhy.UNDECIDED, services[0].base_info.service_name
    whys = [_why_at(listed.issuers, authorities, validation_path, moment) for moment in moments]
    return next((one for one in whys if one is not QualifiedWhy.GRANTED), QualifiedWhy.GRANTED), services[0].base_info.service_name


def _why_at(registry: TSPRegistry, authorities: Sequence[asn1_x509.Certificate], path: ValidationPath, moment: datetime) -> QualifiedWhy:
    services = _services(registry, authorities, moment)
    if not services:
        return QualifiedWhy.NOT_GRANTED_THEN
    try:
        result = QualificationAssessor(registry).check_entity_cert_qualified(path, moment)
    except (NotImplementedError, *CERTIFICATE_ERRORS, KeyError, AttributeError):
        return QualifiedWhy.UNDECIDED
    if result.service_definition is None:
        is_narrowed = any(one.base_info.additional_info_certificate_type for one in services)
        return QualifiedWhy.NOT_FOR_SIGNATURES if is_narrowed else QualifiedWhy.UNDECIDED
    if not result.status.qualified:
        return QualifiedWhy.DENIED
    if result.status.qc_type is not QcCertType.QC_ESIGN:
        return QualifiedWhy.NOT_FOR_SIGNATURES
    return QualifiedWhy.GRANTED if result.status.qc_key_security.is_qscd else QualifiedWhy.NO_DEVICE


def _unit_answer(listed: NationalList, path: Path, at: datetime) -> tuple[QualifiedWhy, str] | None:
    authorities = [_asn1(one) for one in path]
    services = _services(listed.stampers, authorities, None)
    if not services:
        return None
    granted = _services(listed.stampers, authorities, at)
    return QualifiedWhy.GRANTED if granted else QualifiedWhy.NOT_GRANTED_THEN, (granted or services)[0].base_info.service_name


def _services(
    registry: TSPRegistry, authorities: Sequence[asn1_x509.Certificate], at: datetime | None
) -> list[QualifiedServiceInformation]:
    return [service for one in authorities for service in registry.applicable_service_definitions(AuthorityWithCert(one), at)]


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
