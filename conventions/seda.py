"""Transfer to an electronic archiving service: the manifest ``ArchiveTransfer`` of SEDA 2.2, and the ZIP of manifest and files.

Standard: *Standard d’échange de données pour l’archivage* 2.2 (January 2022), Service interministériel des Archives de France.
One archive unit an agreement, described as a file; one unit an archived object under it, described as an item.
"""

from __future__ import annotations

import hashlib
import io
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from conventions.archiving_service import ArchivingService
from conventions.bundle import EARLIEST, FILE_MODE, suffix_of
from conventions.ports.registry import ArchiveEntry
from conventions.retention import FinalFate, Retention

NAMESPACE = "fr:gouv:culture:archivesdefrance:seda:v2.2"
MANIFEST, CONTENT = "manifest.xml", "Content"
DIGEST_ALGORITHM = "SHA-512"
FATES: Mapping[FinalFate, str] = {FinalFate.KEEP: "Keep", FinalFate.SORT: "Keep", FinalFate.DESTROY: "Destroy"}
"""``FinalActionAppraisalCodeType`` knows two fates; what is to be sorted is kept until somebody has."""
FORMATS: Mapping[str, tuple[str, str, str]] = {
    "pdf": ("Acrobat PDF/A - Portable Document Format", "application/pdf", ""),
    "json": ("JSON Data Interchange Format", "application/json", "fmt/817"),
    "eml": ("Internet Message Format", "message/rfc822", "fmt/278"),
    "p7s": ("CMS", "application/pkcs7-signature", ""),
    "tsr": ("RFC 3161 time-stamp token", "application/timestamp-reply", ""),
    "xml": ("Extensible Markup Language", "application/xml", "fmt/101"),
}
"""Name, media type, and identifier in PRONOM where one is certain, by suffix."""


@dataclass(frozen=True)
class TransferredAgreement:
    """One agreement to transfer: how it is described, what was agreed for it, and its archived objects with their bytes."""

    reference: str
    title: str
    description: str
    organisation: str
    siret: str
    signed_from: datetime
    signed_until: datetime
    programme_ends_on: date
    retention: Retention
    objects: Sequence[tuple[ArchiveEntry, bytes]]


def render_transfer(service: ArchivingService, message_id: str, at: datetime, agreements: Sequence[TransferredAgreement]) -> bytes:
    """Make the transfer package: ``manifest.xml`` at the root of a ZIP, every file under ``Content/``."""
    files = {_uri(rank, entry): data for rank, one in enumerate(agreements, 1) for entry, data in one.objects}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {MANIFEST: render_manifest(service, message_id, at, agreements), **files}.items():
            member = zipfile.ZipInfo(name, EARLIEST)
            member.create_system, member.external_attr = 3, FILE_MODE << 16  # as on Unix: rw-r--r--
            archive.writestr(member, data)
    return packed.getvalue()


def render_manifest(service: ArchivingService, message_id: str, at: datetime, agreements: Sequence[TransferredAgreement]) -> bytes:
    """Serialise the message ``ArchiveTransfer`` (UTF-8)."""
    root = ET.Element("ArchiveTransfer", {"xmlns": NAMESPACE})
    _add(root, "Comment", f"Conventions signées : {len(agreements)}")
    _add(root, "Date", _instant(at))
    _add(root, "MessageIdentifier", message_id)
    _add(root, "ArchivalAgreement", service.agreement)
    versions = _add(root, "CodeListVersions")
    for name in ("Reply", "MessageDigestAlgorithm", "MimeType", "FileFormat"):
        _add(versions, f"{name}CodeListVersion", "SEDA 2.2")
    package = _add(root, "DataObjectPackage")
    units = ET.Element("DescriptiveMetadata")
    for rank, agreement in enumerate(agreements, 1):
        for entry, data in agreement.objects:
            _add_object(package, rank, entry, data)
        _add_unit(units, rank, agreement, service)
    package.append(units)
    management = _add(package, "ManagementMetadata")
    _add(management, "AcquisitionInformation", "Versement")
    _add(management, "LegalStatus", "Public Archive")
    _add(management, "OriginatingAgencyIdentifier", service.transferring_agency)
    _add(management, "SubmissionAgencyIdentifier", service.transferring_agency)
    _add(_add(root, "ArchivalAgency"), "Identifier", service.archival_agency)
    _add(_add(root, "TransferringAgency"), "Identifier", service.transferring_agency)
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _add_object(package: ET.Element, rank: int, entry: ArchiveEntry, data: bytes) -> None:
    literal, media_type, puid = FORMATS[suffix_of(entry.kind)]
    group = _add(package, "DataObjectGroup", id=f"G{rank}-{entry.seq}")
    found = _add(group, "BinaryDataObject", id=f"B{rank}-{entry.seq}")
    _add(found, "DataObjectVersion", "BinaryMaster_1")
    _add(found, "Uri", _uri(rank, entry))
    _add(found, "MessageDigest", hashlib.sha512(data).hexdigest(), algorithm=DIGEST_ALGORITHM)
    _add(found, "Size", str(len(data)))
    told = _add(found, "FormatIdentification")
    _add(told, "FormatLitteral", literal)
    _add(told, "MimeType", media_type)
    if puid:
        _add(told, "FormatId", puid)
    _add(_add(found, "FileInfo"), "Filename", _filename(entry))


def _add_unit(units: ET.Element, rank: int, agreement: TransferredAgreement, service: ArchivingService) -> None:
    unit = _add(units, "ArchiveUnit", id=f"U{rank}")
    appraisal = _add(_add(unit, "Management"), "AppraisalRule")
    if service.appraisal_rule is not None:
        _add(appraisal, "Rule", service.appraisal_rule)
        _add(appraisal, "StartDate", agreement.programme_ends_on.isoformat())
    _add(appraisal, "FinalAction", FATES[agreement.retention.final_fate])
    content = _add(unit, "Content")
    _add(content, "DescriptionLevel", "File")
    _add(content, "Title", agreement.title)
    _add(content, "OriginatingAgencyArchiveUnitIdentifier", agreement.reference)
    _add(content, "Description", agreement.description)
    _add(content, "Language", "fra")
    _add(content, "DescriptionLanguage", "fra")
    keyword = _add(content, "Keyword")
    _add(keyword, "KeywordContent", agreement.organisation)
    _add(keyword, "KeywordReference", agreement.siret, schemeName="SIRET")
    _add(keyword, "KeywordType", "corpname")
    _add(content, "StartDate", _instant(agreement.signed_from))
    _add(content, "EndDate", _instant(agreement.signed_until))
    for entry, _ in agreement.objects:
        item = _add(unit, "ArchiveUnit", id=f"U{rank}-{entry.seq}")
        described = _add(item, "Content")
        _add(described, "DescriptionLevel", "Item")
        _add(described, "Title", f"{agreement.reference}, pièce {entry.seq} : {entry.kind}")
        _add(described, "OriginatingAgencyArchiveUnitIdentifier", entry.key)
        _add(described, "Description", f"SHA-256 : {entry.sha256}")
        _add(_add(item, "DataObjectReference"), "DataObjectGroupReferenceId", f"G{rank}-{entry.seq}")


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, name, attributes)
    made.text = text
    return made


def _filename(entry: ArchiveEntry) -> str:
    return f"{entry.seq:04d}-{entry.kind}.{suffix_of(entry.kind)}"


def _uri(rank: int, entry: ArchiveEntry) -> str:
    return f"{CONTENT}/{rank:04d}-{_filename(entry)}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
