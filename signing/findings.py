"""What a file shows of its signatures beside their cryptography: what they cover, what came after, when, and what it embeds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from conventions.errors import VerificationFailed
from conventions.signatures import Indication, PadesLevel, TimestampFinding
from signing.chains import load_certificate
from signing.changes import explain_revision
from signing.cms_parsing import SIGNATURE_TIMESTAMP_OID, parse_cms, parse_tst_info
from signing.der import strip_padding
from signing.identities import subject_text
from signing.security_store import entry
from signing.timestamping import TokenRules, verify_token
from signing.values import RFC3161, SignatureValue

EMBEDDED_DATA = "agreement.json"
SIGNATURE_TIMESTAMP_KIND, DOCUMENT_TIMESTAMP_KIND = "signature-timestamp", "document-timestamp"
LATER_MAY_PASS = frozenset(
    {
        "TRY_LATER",
        "CERTIFICATE_CHAIN_GENERAL_FAILURE",
        "NO_POE",
        "REVOCATION_OUT_OF_BOUNDS_NO_POE",
        "OUT_OF_BOUNDS_NO_POE",
        "OUT_OF_BOUNDS_NOT_REVOKED",
        "REVOKED_NO_POE",
    }
)
"""Sub-indications that a fresh answer about the last time-stamp's authority may turn into a pass."""
LEVELS = (PadesLevel.B_B, PadesLevel.B_T, PadesLevel.B_LT, PadesLevel.B_LTA)


def read_value(embedded: EmbeddedPdfSignature) -> SignatureValue:
    """Return a signature's value as the levels are read from it."""
    first, length, rest, rest_length = (int(number) for number in embedded.byte_range)
    sub_filter = str(embedded.sig_object["/SubFilter"]).removeprefix("/")
    return SignatureValue(str(embedded.field_name), sub_filter, (first, length, rest, rest_length), embedded.pkcs7_content)


def signer_certificate(embedded: EmbeddedPdfSignature) -> x509.Certificate:
    """Return the certificate that a signature names as its own."""
    return load_certificate(embedded.signer_cert.dump())


@dataclass(frozen=True)
class Changes:
    """What came after the signatures: reasons by field, and whether every later revision is of the kind this system writes."""

    reasons: Mapping[str, tuple[str, ...]]
    ours: bool


def assess_changes(reader: PdfFileReader) -> Changes:
    """Say, by field, what is wrong with the bytes a signature covers and with what came after it.

    pyHanko reviews the whole document for each signature; that is asked only of a file with a revision that is not ours.
    """
    signatures = reader.embedded_signatures
    if not signatures:
        return Changes({}, ours=True)
    filled_at = {one.signed_revision: str(one.field_name) for one in signatures}
    later = range(signatures[0].signed_revision + 1, reader.xrefs.total_revisions)
    ours = all(filled_at.get(revision, "") == explain_revision(reader, revision) for revision in later)
    return Changes({str(one.field_name): tuple(_change_reasons(one, signatures, ours=ours)) for one in signatures}, ours)


def _change_reasons(embedded: EmbeddedPdfSignature, all_of_them: Sequence[EmbeddedPdfSignature], *, ours: bool) -> list[str]:
    embedded.compute_integrity_info(skip_diff=ours)  # type: ignore[no-untyped-call]
    coverage: SignatureCoverageLevel | None = embedded.coverage
    if coverage is None or coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return ["the signature does not cover its whole revision"]
    if coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return []
    if ours:
        later = [one.field_name for one in all_of_them if one.signed_revision > embedded.signed_revision]
        lock = embedded.fieldmdp
        locked = lock is not None and any(lock.is_locked(name) for name in later)
        allowed = not locked and embedded.docmdp_level is not MDPPerm.NO_CHANGES
        return [] if allowed else ["the document was signed again after this signature, against its lock"]
    reasons = []
    if getattr(embedded.diff_result, "modification_level", ModificationLevel.OTHER) > ModificationLevel.FORM_FILLING:
        reasons.append("the document was changed after this signature, beyond signatures and their maintenance")
    if not embedded.summarise_integrity_info()["docmdp_ok"]:
        reasons.append("the document was changed after this signature, against its lock")
    return reasons


def assess_signature_timestamps(
    value: SignatureValue, *, passed: bool, archive_proven: bool, rules: TokenRules
) -> tuple[TimestampFinding, ...]:
    """Return the findings about a signature's time-stamps.

    ``passed`` is pyHanko's word on them as of now; it does not tell of which, so that where there are several each must hold by itself
    too: a false one beside a true one would pass with it, and date the signature. Years later its authority's certificate has ended:
    then a token whose signature, imprint and path hold at its own time is enough, because an archive time-stamp proves that it stood
    there.
    """
    cms = parse_cms(strip_padding(value.contents))
    tokens = cms.unsigned_attributes.get(SIGNATURE_TIMESTAMP_OID, ())
    digest = hashlib.sha256(cms.signature).digest()
    is_alone = len(tokens) == 1
    return tuple(
        _signature_timestamp(value.field, der, digest, rules, passed=passed, is_alone=is_alone, archive_proven=archive_proven)
        for der in tokens
    )


def _signature_timestamp(
    field: str, der: bytes, digest: bytes, rules: TokenRules, *, passed: bool, is_alone: bool, archive_proven: bool
) -> TimestampFinding:
    token = parse_cms(der)
    reasons: tuple[str, ...] = ()
    try:
        verify_token(der, digest, rules)
        holds = passed or archive_proven
    except VerificationFailed as error:
        holds = passed and is_alone
        reasons = () if holds else (f"{error.code}: {error}",)
    return TimestampFinding(
        kind=SIGNATURE_TIMESTAMP_KIND,
        field=field,
        authority=subject_text(token.signer, NameOID.COMMON_NAME),
        at=parse_tst_info(token.content or b"").gen_time,
        indication=Indication.TOTAL_PASSED if holds else Indication.INDETERMINATE,
        reasons=reasons,
    )


def covered_at(value: SignatureValue, values: Sequence[SignatureValue]) -> datetime | None:
    """Return the time of the first archive time-stamp over a signature, or None."""
    covering = min((one for one in values if one.sub_filter == RFC3161 and one.end > value.end), key=lambda one: one.end, default=None)
    return None if covering is None else parse_tst_info(parse_cms(strip_padding(covering.contents)).content or b"").gen_time


def guarded_until(value: SignatureValue, certificate: x509.Certificate, archive_until: datetime | None) -> datetime:
    """Return when what guards a signature ends: its last archive time-stamp, else its own time-stamp, else the signer's certificate."""
    if archive_until is not None:
        return archive_until
    tokens = parse_cms(strip_padding(value.contents)).unsigned_attributes.get(SIGNATURE_TIMESTAMP_OID, ())
    return max((parse_cms(der).signer.not_valid_after_utc for der in tokens), default=certificate.not_valid_after_utc)


def assess_document_timestamp(embedded: EmbeddedPdfSignature, reasons: tuple[str, ...], *, proven: bool) -> TimestampFinding:
    """Return the finding about a document time-stamp; ``proven`` says that the chain of them validated."""
    indication = Indication.TOTAL_PASSED if proven else Indication.INDETERMINATE
    return TimestampFinding(
        kind=DOCUMENT_TIMESTAMP_KIND,
        field=str(embedded.field_name),  # not pyHanko's string, which holds the whole reader
        authority=subject_text(signer_certificate(embedded), NameOID.COMMON_NAME),
        at=embedded.signed_data["encap_content_info"]["content"].parsed["gen_time"].native,
        indication=Indication.TOTAL_FAILED if reasons else indication,
        reasons=reasons,
    )


def assess_seal(reader: PdfFileReader, timestamps: Sequence[EmbeddedPdfSignature], data: bytes) -> list[str]:
    """Check that no byte follows the last time-stamp: no validator sees what is appended there."""
    if not timestamps:
        return ["sealed: no document time-stamp"]
    last = reader.embedded_signatures[-1]
    first, hole, rest, length = (int(number) for number in last.byte_range)
    if last.sig_object_type != "/DocTimeStamp" or rest + length != len(data):
        return ["sealed: something follows the last time-stamp"]
    written = data[hole + 1 : rest - 1]
    if first != 0 or data[hole : hole + 1] != b"<" or data[rest - 1 : rest] != b">" or written.strip(b"0123456789abcdefABCDEF"):
        return ["sealed: the last time-stamp leaves out more than its own value"]
    padding = last.pkcs7_content[len(strip_padding(last.pkcs7_content)) :]
    return ["sealed: something stands in the room left by the last time-stamp"] if any(padding) else []


def lowest_level(levels: Iterable[PadesLevel | None]) -> PadesLevel | None:
    """Return the lowest level; None when there is none, or when one signature has none."""
    ranks = [-1 if level is None else LEVELS.index(level) for level in levels]
    return LEVELS[min(ranks)] if ranks and min(ranks) >= 0 else None


def embedded_data_sha256(reader: PdfFileReader) -> str:
    """Hash ``agreement.json`` as it stood in the first signed revision; empty without one."""
    signatures = reader.embedded_regular_signatures
    if not signatures:
        return ""
    root = reader.get_historical_resolver(signatures[0].signed_revision).root
    for reference in entry(root, "/AF") or ():
        specification = reference.get_object()
        if str(entry(specification, "/UF") or entry(specification, "/F")) == EMBEDDED_DATA:
            return hashlib.sha256(specification["/EF"]["/F"].data).hexdigest()
    return ""
