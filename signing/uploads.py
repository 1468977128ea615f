"""Is an uploaded file ours, signed once in our field by who was expected, and nothing else?

A valid signature proves nothing about our text: a file changed and then signed is intact to every validator. So the bytes that we
handed out are the prefix, and whatever follows is reviewed against a short list. The rules, in the order in which they run:

1. the prepared bytes, then more, within limits;
2. a PDF that can be read, not encrypted, whose cross-references are of one kind;
3. one to three revisions more, with one signature more, in the expected field, in the first of them; at most one time-stamp;
4. a signature of the PAdES kind, whose byte range covers its revision and leaves out one hexadecimal string;
5. a review of every later revision against the prepared one, then the catalog, the form, the field and its place;
6. a store whose every stream is what it says;
7. a CMS whose attributes, digest, certificate and signature agree, with SHA-2, by a key that is strong enough;
8. the person, by the certificate's names and organisation;
9. a path to an anchor, where anchors are given.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, ModificationLevel, StandardDiffPolicy, SuspiciousModification
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from conventions.errors import VerificationFailed
from conventions.signatures import PadesLevel
from signing.chains import CERTIFICATE_ERRORS, TrustStore, build_chain
from signing.cms_parsing import DATA, ParsedCms, parse_cms
from signing.cms_verification import DIGESTS, digest_of, verify_signer_of_digest
from signing.der import strip_padding
from signing.evidence import OfferedState
from signing.findings import read_value
from signing.keys import MIN_RSA_BITS
from signing.levels import assess_level, read_material
from signing.names import ORGANISATION, PERSON, UNSTATED, PersonExpected, assess_person, shown_name
from signing.own_token import own_tokens, verify_own_token
from signing.security_store import entry
from signing.timestamping import TimestampToken
from signing.uploaded_store import verify_store
from signing.values import CADES_DETACHED

MAX_ADDED_BYTES = 2_000_000
MAX_REVISIONS = 3
CATALOG_MAY_CHANGE = frozenset({"/AcroForm", "/DSS", "/Extensions", "/Metadata", "/Version"})
PERSON_FAULTS = {PERSON: "upload.person", ORGANISATION: "upload.organisation", UNSTATED: "upload.no_siren"}
VERSIONS = frozenset({None, "/1.7", "/2.0"})
INFORMATION_MAY_CHANGE = frozenset({"/ModDate", "/Producer"})
METADATA_MAY_CHANGE = frozenset({"ModifyDate", "MetadataDate", "CreateDate", "Producer", "DocumentID", "InstanceID"})
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
RDF_RESOURCE = f"{RDF}resource"
FORM_MAY_CHANGE = frozenset({"/Fields", "/DR", "/DA"})
WIDGET_MUST_STAY = ("/Rect", "/F", "/P", "/Lock", "/SV", "/Ff", "/T", "/TU", "/FT", "/Type", "/Subtype", "/Parent", "/Kids", "/A", "/AA")
HEXADECIMAL = b"0123456789abcdefABCDEF"
OBJECT_HEAD = re.compile(rb"[\r\n](\d+ \d+ obj\b)")
END_OF_FILE = re.compile(rb"startxref\s+\d+\s+%%EOF\s*\Z")
STRICT = StandardDiffPolicy(DEFAULT_DIFF_POLICY.global_rules, DEFAULT_DIFF_POLICY.form_rule, ignore_orphaned_objects=False)


@dataclass(frozen=True)
class AcceptedUpload:
    """An accepted file: the signature found in it, and where the revision that holds it ends."""

    field: str
    signer: str
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    level: PadesLevel
    end: int
    token: TimestampToken | None
    has_token: bool
    hole: tuple[int, int]
    offered: OfferedState


def verify_upload(
    prepared: bytes, uploaded: bytes, field: str, *, person: PersonExpected | None, trust: TrustStore | None, now: datetime
) -> AcceptedUpload:
    """Check an uploaded file against the prepared one. Without a person anybody may have signed; without anchors nobody is trusted.

    Raises:
        VerificationFailed: ``upload.<what>``; any other exception of a library is the caller's to take for ``upload.unreadable``.
    """
    _verify_bytes(prepared, uploaded)  # (1)
    before, after = _opened(prepared), _opened(uploaded)  # (2)
    verify_objects(after, uploaded, len(prepared))
    signature = _only_signature(before, after, field)  # (3)
    end = _verify_format(signature, prepared, uploaded)  # (4)
    _verify_changes(before, after, signature)  # (5)
    offered = verify_store(after)  # (6)
    cms = _parsed(signature)
    _verify_signature(cms, uploaded, signature)  # (7)
    if person is not None and (fault := assess_person(cms.signer, person)):  # (8)
        raise VerificationFailed(f"{field}: the certificate's {fault} is not the one expected", code=PERSON_FAULTS[fault])
    tokens = own_tokens(cms)
    token = verify_own_token(tokens[0], cms, trust) if tokens and trust is not None else None
    if trust is not None:  # (9)
        _verify_path(cms, trust, now if token is None else token.gen_time)
    _, begin, after_hole, _ = (int(number) for number in signature.byte_range)
    values = [read_value(one) for one in after.embedded_signatures]
    level = assess_level(values, field, read_material(after), len(uploaded))
    others = tuple(one for one in cms.certificates if one != cms.signer)
    return AcceptedUpload(field, shown_name(cms.signer), cms.signer, others, level, end, token, bool(tokens), (begin, after_hole), offered)


def _verify_bytes(prepared: bytes, uploaded: bytes) -> None:
    if uploaded == prepared:
        raise VerificationFailed("the prepared file, unsigned", code="upload.unsigned")
    if len(uploaded) - len(prepared) > MAX_ADDED_BYTES:
        raise VerificationFailed("more was added than a signature needs", code="upload.too_large")
    if not uploaded.startswith(prepared):
        raise VerificationFailed("not our bytes and a revision after them", code="upload.not_ours")
    if END_OF_FILE.search(uploaded[-64:]) is None:
        raise VerificationFailed("bytes after the end of the file", code="upload.end")


def _opened(data: bytes) -> PdfFileReader:
    reader = PdfFileReader(io.BytesIO(data), strict=True)
    if reader.encrypted or "/Encrypt" in reader.trailer:
        raise VerificationFailed("an encrypted file", code="upload.encrypted")
    if reader.xrefs.hybrid_xrefs_present:
        raise VerificationFailed("hybrid cross-references, which readers do not all read alike", code="upload.hybrid")
    return reader


def verify_objects(after: PdfFileReader, uploaded: bytes, start: int) -> None:
    """Check that every object written after the prepared bytes is one that a cross-reference names: the rest is for readers that repair."""
    known = set()
    for revision in range(after.xrefs.total_revisions):
        for reference in after.xrefs.explicit_refs_in_revision(revision):
            known.add(after.xrefs.get_historical_ref(reference, revision))
    if any(found.start(1) not in known for found in OBJECT_HEAD.finditer(uploaded, start - 1)):
        raise VerificationFailed("objects that no cross-reference names", code="upload.objects")


def _only_signature(before: PdfFileReader, after: PdfFileReader, field: str) -> EmbeddedPdfSignature:
    """Return the one signature that came with the upload."""
    first = before.xrefs.total_revisions
    if after.xrefs.total_revisions > first and _table_at(after, first - 1) != _table_at(before, first - 1):
        raise VerificationFailed("a revision that does not continue the prepared file", code="upload.history")
    if not 1 <= after.xrefs.total_revisions - first <= MAX_REVISIONS:
        raise VerificationFailed("not one to three revisions more", code="upload.revisions")
    old = {one.field_name for one in before.embedded_signatures}
    new = [one for one in after.embedded_signatures if one.field_name not in old]
    if len(after.embedded_signatures) != len(old) + len(new) or len({id(one.sig_object) for one in new}) != len(new):
        raise VerificationFailed("an earlier signature vanished, or one stands in two fields", code="upload.signatures")
    signatures = [one for one in new if one.sig_object_type != "/DocTimeStamp"]
    if len(signatures) != 1 or len(new) > 2:  # noqa: PLR2004 the signature and a time-stamp
        code = "upload.unsigned" if not signatures else "upload.signatures"
        raise VerificationFailed(f"{len(signatures)} signatures and {len(new) - len(signatures)} time-stamps more", code=code)
    signature: EmbeddedPdfSignature = signatures[0]
    if str(signature.field_name) != field:
        raise VerificationFailed("the signature stands in another field", code="upload.field", field=field)
    if signature.signed_revision != first:
        raise VerificationFailed("something was changed before it was signed", code="upload.revision")
    return signature


def _table_at(reader: PdfFileReader, revision: int) -> int:
    return int(reader.xrefs.get_xref_container_info(revision).declared_startxref)


def _verify_format(signature: EmbeddedPdfSignature, prepared: bytes, uploaded: bytes) -> int:
    sub_filter, kind = str(signature.sig_object["/SubFilter"]), signature.sig_object_type
    if sub_filter != f"/{CADES_DETACHED}" or kind != "/Sig":
        raise VerificationFailed("not a PAdES signature", code="upload.format")
    first, length, rest, rest_length = (int(number) for number in signature.byte_range)
    end = rest + rest_length
    if first != 0 or not len(prepared) < length < rest <= end <= len(uploaded):
        raise VerificationFailed("a byte range that is not one of a revision added", code="upload.byte_range")
    hole = uploaded[length:rest]
    if hole[:1] != b"<" or hole[-1:] != b">" or hole[1:-1].strip(HEXADECIMAL) or len(hole) % 2:
        raise VerificationFailed("a byte range that leaves out more than its signature", code="upload.byte_range")
    if END_OF_FILE.search(uploaded[max(0, end - 64) : end]) is None:
        raise VerificationFailed("a byte range that does not end where a revision does", code="upload.byte_range")
    signature.compute_integrity_info()  # type: ignore[no-untyped-call]
    coverage: SignatureCoverageLevel | None = signature.coverage
    if coverage is None or coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        raise VerificationFailed("the signature does not cover its whole revision", code="upload.coverage")
    contents: bytes = signature.pkcs7_content
    if any(contents[len(strip_padding(contents)) :]):
        raise VerificationFailed("something stands in the room left by the signature", code="upload.padding")
    return end


def _verify_changes(before: PdfFileReader, after: PdfFileReader, signature: EmbeddedPdfSignature) -> None:
    """Review what follows the prepared bytes as if they had been certified for that one signature."""
    field, last = str(signature.field_name), before.xrefs.total_revisions - 1
    for revision in range(last + 1, after.xrefs.total_revisions):
        if after.xrefs.refs_freed_in_revision(revision):
            raise VerificationFailed("a revision that frees objects", code="upload.changes")
    history = after.get_historical_resolver(last)
    _verify_trailers(before, after)
    _verify_catalogs(history.root, after.root)
    _verify_widgets(history.root, after.root, field, sum(one.sig_object_type == "/DocTimeStamp" for one in after.embedded_signatures))
    only_field = FieldMDPSpec(FieldMDPAction.EXCLUDE, fields=[field])
    review = STRICT.review_file(after, history, field_mdp_spec=only_field, doc_mdp=MDPPerm.FILL_FORMS)
    if isinstance(review, SuspiciousModification) or {str(name) for name in review.changed_form_fields} - {field}:
        raise VerificationFailed("the document was changed", code="upload.changes")
    diff: Any = signature.diff_result
    if diff is not None and getattr(diff, "modification_level", ModificationLevel.OTHER) > ModificationLevel.LTA_UPDATES:
        raise VerificationFailed("the document was changed after the signature", code="upload.changes_after")
    if metadata_of(before.root) - metadata_of(after.root):  # last: pyHanko cannot review a stream that was decoded meanwhile
        raise VerificationFailed("what the metadata say was changed", code="upload.catalog")


def _verify_trailers(before: PdfFileReader, after: PdfFileReader) -> None:
    old, new = before.trailer.flatten(), after.trailer.flatten()
    if _plain(old.raw_get("/Root")) != _plain(new.raw_get("/Root")):
        raise VerificationFailed("the catalog was replaced", code="upload.catalog")
    information = [information_of(entry(trailer, "/Info")) for trailer in (old, new)]
    if information[0] != information[1]:
        raise VerificationFailed("what the document says of itself was changed", code="upload.catalog")


def information_of(dictionary: Any) -> Mapping[str, object]:  # noqa: ANN401 a PDF dictionary or None
    """Return what a document says of itself, but for what a tool sets when it saves."""
    return {key: raw_entry(dictionary, key) for key in dictionary or () if key not in INFORMATION_MAY_CHANGE}


def _verify_catalogs(old: Any, new: Any) -> None:  # noqa: ANN401 PDF dictionaries
    changed = {key for key in set(old) | set(new) if raw_entry(old, key) != raw_entry(new, key)}
    if "/Perms" in changed:
        raise VerificationFailed("a certification, where a signature is expected", code="upload.certified")
    if changed - CATALOG_MAY_CHANGE or entry(new, "/Version") not in VERSIONS:
        raise VerificationFailed("entries of the catalog were changed", code="upload.catalog")
    form_before, form_after = old["/AcroForm"], new["/AcroForm"]
    changed = {key for key in set(form_before) | set(form_after) if raw_entry(form_before, key) != raw_entry(form_after, key)}
    if changed - FORM_MAY_CHANGE or "/XFA" in form_after or entry(form_after, "/NeedAppearances"):
        raise VerificationFailed("the form was changed", code="upload.form")


def metadata_of(root: Any) -> frozenset[tuple[str, str]]:  # noqa: ANN401 a PDF dictionary
    """Return what the XMP packet says, but for the dates and marks that a tool sets when it saves.

    A tool may write the same in another of RDF's ways (ISO 16684-1, 7.9): a property as an element or as an attribute, a URI as a
    text or as a resource, a structure with or without its own description.
    """
    stream = entry(root, "/Metadata")
    if stream is None:
        return frozenset()
    said = set()
    for element in ET.fromstring(stream.data).iter():  # noqa: S314 in a process of little memory and time
        said |= {(name, value) for name, value in element.attrib.items() if not name.startswith(RDF)}
        if RDF_RESOURCE in element.attrib:
            said.add((element.tag, element.attrib[RDF_RESOURCE]))
        if element.text and element.text.strip():
            said.add((element.tag, element.text.strip()))
    return frozenset((name, value) for name, value in said if name.rpartition("}")[2] not in METADATA_MAY_CHANGE)


def _verify_widgets(old: Any, new: Any, field: str, timestamps: int) -> None:  # noqa: ANN401 PDF dictionaries
    before, after = list(_fields(old)), list(_fields(new))
    if [name for name, _ in after[: len(before)]] != [name for name, _ in before] or len(after) - len(before) > timestamps:
        raise VerificationFailed("fields were added, renamed or moved", code="upload.fields")
    if len({name for name, _ in after}) != len(after):
        raise VerificationFailed("two fields of the same name", code="upload.fields")
    (empty,), (filled,) = ([one for name, one in fields if name == field] for fields in (before, after))
    if any(raw_entry(empty, key) != raw_entry(filled, key) for key in WIDGET_MUST_STAY):
        raise VerificationFailed("the field's place or nature was changed", code="upload.widget")


def _parsed(signature: EmbeddedPdfSignature) -> ParsedCms:
    try:
        return parse_cms(strip_padding(signature.pkcs7_content))
    except CERTIFICATE_ERRORS as error:
        raise VerificationFailed("a signature that cannot be read", code="upload.signature") from error


def _verify_signature(cms: ParsedCms, uploaded: bytes, signature: EmbeddedPdfSignature) -> None:
    if cms.digest_algorithm not in DIGESTS:
        raise VerificationFailed("a digest that is not SHA-2", code="upload.algorithm")
    if cms.content_type != DATA or cms.content is not None:
        raise VerificationFailed("a signature that holds content of its own", code="upload.signature")
    _, length, rest, rest_length = (int(number) for number in signature.byte_range)
    digest = hashlib.new(digest_of(cms).name)
    digest.update(uploaded[:length])
    digest.update(uploaded[rest : rest + rest_length])
    try:
        verify_signer_of_digest(cms, digest.digest())
    except VerificationFailed as error:
        raise VerificationFailed("the signature does not hold", code="upload.signature") from error
    key = cms.signer.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        raise VerificationFailed("a key that is too short", code="upload.algorithm")
    _verify_usage(cms.signer)


def _verify_usage(certificate: x509.Certificate) -> None:
    """Refuse a certificate of an authority, or whose key may not sign (RFC 5280, 4.2.1.3 and 4.2.1.9)."""
    for extension in certificate.extensions:
        value = extension.value
        may_not = isinstance(value, x509.KeyUsage) and not (value.digital_signature or value.content_commitment)
        is_authority = isinstance(value, x509.BasicConstraints) and value.ca
        if may_not or is_authority:
            raise VerificationFailed("a certificate that is not for signing", code="upload.usage")


def _verify_path(cms: ParsedCms, trust: TrustStore, at: datetime) -> None:
    try:
        build_chain(cms.signer, (one for one in cms.certificates if one != cms.signer), trust, at)
    except VerificationFailed as error:
        code = "upload.expired" if error.code == "chain.not_valid_then" else "upload.untrusted"
        raise VerificationFailed("the certificate leads to no anchor at that time", code=code) from error


def _fields(root: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 a PDF dictionary
    for reference in root["/AcroForm"]["/Fields"]:
        one = reference.get_object()
        yield str(one["/T"]), one


def raw_entry(dictionary: Any, key: str) -> object:  # noqa: ANN401 a PDF dictionary
    """Return an entry as it is written, to be compared: a reference by its number."""
    return _plain(dictionary.raw_get(key)) if key in dictionary else None


def _plain(item: Any) -> object:  # noqa: ANN401 any PDF object
    if isinstance(item, generic.IndirectObject):
        return ("reference", item.idnum, item.generation)
    if isinstance(item, generic.DictionaryObject):
        return frozenset((key, _plain(item.raw_get(key))) for key in item)
    if isinstance(item, generic.ArrayObject):
        return tuple(_plain(item.raw_get(index)) for index in range(len(item)))
    return (type(item).__name__, str(item))
