"""Files that must be refused in place of the prepared one: each made by a few lines here, and named for its fault.

The families are those of the literature: shadow (hide, replace, both), incremental saving, signature wrapping, universal forgery,
certification, duplicate references; then what a careless or dishonest person sends: another person, another file, another field.
"""

from __future__ import annotations

import functools
import io
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pypdf import PdfWriter

from tests.unit.signing.attacks import ATTACKS as CHANGES
from tests.unit.signing.attacks import attacked, numbers
from tests.unit.signing.material import OTHER_MEMBER, prepared_pdf
from tests.vectors.handmade import (
    RESERVED_BYTES,
    Revision,
    body_of,
    free_number,
    hand_signed,
    number_of,
    opened,
    own_cms,
    revised,
    root_number,
    table_at,
)
from tests.vectors.honest import Maker, with_store, with_timestamp
from tests.vectors.junk_stores import STORES, beside_store
from tests.vectors.outsiders import DAY, Outsider, Subject, Way, certify, outsider, sign

FIELD = "Signature_Membre"
CHANGED = frozenset({"upload.changes", "upload.changes_after", "upload.catalog", "upload.form", "upload.fields", "upload.widget"})


@dataclass(frozen=True)
class Attack:
    """How the file is made, the family of its fault, and the codes under which it may be refused."""

    family: str
    make: Maker
    codes: frozenset[str]


def _attack(family: str, make: Maker, *codes: str) -> Attack:
    return Attack(family, make, frozenset(codes))


def _person(subject: Subject, kind: str = "p256") -> Maker:
    return lambda prepared: sign(prepared, outsider(kind, subject))


def _way(way: Way, kind: str = "rsa2048") -> Maker:
    return lambda prepared: sign(prepared, outsider(kind), way)


def _hand(how: Revision) -> Maker:
    return lambda prepared: hand_signed(prepared, own_cms(outsider()), how)


def _with(objects: Callable[[bytes], Mapping[int, bytes]]) -> Maker:
    """Sign honestly, in a revision that writes more objects."""
    return lambda prepared: hand_signed(prepared, own_cms(outsider()), Revision(extra=objects(prepared)))


def _page_number(data: bytes, page: int = 0) -> int:
    reference = opened(data).pages[page].indirect_reference
    return int(reference.idnum)


def _page_hidden(data: bytes) -> Mapping[int, bytes]:
    new, page = free_number(data) + 1, _page_number(data)
    content = b"<< /Length 44 >>\nstream\nBT /F1 12 Tf 72 700 Td (9 000 000 EUR) Tj ET    \nendstream"
    return {page: _with_contents(data, page, new), new: content}


def _with_contents(data: bytes, page: int, contents: int) -> bytes:
    return re.sub(rb"/Contents \d+ 0 R", b"/Contents %d 0 R" % contents, body_of(data, page))


def _page_replaced(data: bytes) -> Mapping[int, bytes]:
    contents = opened(data).pages[0].raw_get("/Contents")
    streams = contents if isinstance(contents, list) else [contents]
    return {int(stream.idnum): b"<< /Length 0 >>\nstream\n\nendstream" for stream in streams}


def _font_replaced(data: bytes) -> Mapping[int, bytes]:
    resources = opened(data).pages[0]["/Resources"]["/Font"]
    font = next(iter(resources.values())) if not resources else resources.raw_get(next(iter(resources)))
    return {int(font.idnum): b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"}


def _catalog(entries: bytes) -> Callable[[bytes], Mapping[int, bytes]]:
    return lambda data: {root_number(data): body_of(data, root_number(data)).removesuffix(b">>") + entries + b" >>"}


def _language(data: bytes) -> Mapping[int, bytes]:
    without = re.sub(rb"/Lang\s*\([^)]*\)", b"", body_of(data, root_number(data)))
    return {root_number(data): without.removesuffix(b">>") + b"/Lang (en) >>"}


def _form(entries: bytes) -> Callable[[bytes], Mapping[int, bytes]]:
    """Add entries to the form, an object of its own or written in the catalog."""

    def objects(data: bytes) -> Mapping[int, bytes]:
        form = opened(data).trailer["/Root"].raw_get("/AcroForm")
        if isinstance(form, dict):
            root = root_number(data)
            return {root: re.sub(rb"/AcroForm\s*<<", lambda found: found[0] + entries, body_of(data, root))}
        number = int(form.idnum)
        return {number: body_of(data, number).removesuffix(b">>") + entries + b" >>"}

    return objects


def _both_fields_one_value(prepared: bytes) -> bytes:
    """Let the Vice-President's field hold the member's signature too."""
    other = number_of(prepared, "Signature_VP")
    body = body_of(prepared, other).removesuffix(b">>") + b" /V %d 0 R >>" % free_number(prepared)
    return hand_signed(prepared, own_cms(outsider()), Revision(extra={other: body}))


def _forged_history(prepared: bytes) -> bytes:
    """Continue an older revision by one with another text; a file without one, by a table of the whole that stands for its own."""
    older = opened(prepared).trailer.get("/Prev")
    number, page = free_number(prepared) + 5, _page_number(prepared)
    text = b"<< /Length 40 >>\nstream\nBT /F1 12 Tf 72 700 Td (autre texte) Tj ET\nendstream"
    form = {
        item: body_of(prepared, item) for item in (root_number(prepared), number_of(prepared, FIELD), number_of(prepared, "Signature_VP"))
    }
    forged = {**form, page: _with_contents(prepared, page, number), number: text}
    previous = None if older is None else int(older)
    return hand_signed(revised(prepared, forged, previous=previous, is_whole=older is None), own_cms(outsider()))


def _wrapped(prepared: bytes) -> bytes:
    """Put other bytes where the range does not look: between the signature and a second half moved further down."""
    signed = hand_signed(prepared, own_cms(outsider()))
    begin = signed.index(b"<", signed.index(b"/Contents <") + 10)
    end = begin + 2 * RESERVED_BYTES + 2
    return signed[:end] + b"\n% other objects\n" + signed[end:]


def _two_signatures(prepared: bytes) -> bytes:
    return sign(sign(prepared, outsider()), outsider(), Way(field="Signature_VP"))


def _rewritten(prepared: bytes) -> bytes:
    output = io.BytesIO()
    PdfWriter(clone_from=io.BytesIO(prepared)).write(output)
    return sign(output.getvalue(), outsider())


def _encrypted(prepared: bytes) -> bytes:
    number = free_number(prepared) + 1
    handler = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (b"00" * 32, b"00" * 32)
    return hand_signed(prepared, own_cms(outsider()), Revision(extra={number: handler}, trailer=b" /Encrypt %d 0 R" % number))


@functools.cache
def _bomb() -> bytes:
    compressor = zlib.compressobj(9)
    return b"".join(compressor.compress(bytes(1 << 24)) for _ in range(96)) + compressor.flush()


def _inflated(prepared: bytes) -> bytes:
    """Put a certificate of two gigabytes, in two megabytes, into the store."""
    packed = _bomb()
    signed = sign(prepared, outsider())
    number, root = free_number(signed), root_number(signed)
    stream = b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(packed), packed)
    return revised(signed, {number: stream, root: body_of(signed, root).removesuffix(b">>") + b" /DSS << /Certs [%d 0 R] >> >>" % number})


def _nested(prepared: bytes) -> bytes:
    number = free_number(prepared) + 1
    return hand_signed(prepared, own_cms(outsider()), Revision(extra={number: b"[" * 40_000 + b"]" * 40_000}))


def _loop(prepared: bytes) -> bytes:
    """Let a table name itself as the one before."""
    signed = hand_signed(prepared, own_cms(outsider()))
    return signed.replace(b"/Prev %d" % table_at(prepared), b"/Prev %d" % table_at(signed), 1)


def _end_of_contents(signed: bytes) -> int:
    """Return where the last signature's string ends; a trailer's own strings come after it, and may end alike."""
    return signed.index(b">", signed.rindex(b"/Contents <"))


def _filled_room(prepared: bytes) -> bytes:
    signed = hand_signed(prepared, own_cms(outsider()))
    at = _end_of_contents(signed) - 1
    return signed[:at] + b"5" + signed[at + 1 :]


def _flipped(prepared: bytes) -> bytes:
    """Change the signature's value, which ends the CMS."""
    signed = hand_signed(prepared, own_cms(outsider()))
    end = len(signed[: _end_of_contents(signed)].rstrip(b"0"))
    return signed[: end - 6] + (b"0" if signed[end - 6 : end - 5] != b"0" else b"1") + signed[end - 5 :]


def _self_signed(prepared: bytes) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return sign(prepared, Outsider(key, certify(key, key, None, Subject())))


def _junk_store(prepared: bytes) -> bytes:
    return attacked(with_store(sign(prepared, outsider()), outsider()), CHANGES["junk among the certificates"])


def _too_many_saves(prepared: bytes) -> bytes:
    data = sign(prepared, outsider())
    for name in ("Horodatage_a", "Horodatage_b", "Horodatage_c"):
        data = with_timestamp(data, name)
    return data


def _hybrid(prepared: bytes) -> bytes:
    return hand_signed(prepared, own_cms(outsider()), Revision(trailer=b" /XRefStm %d" % table_at(prepared)))


def _remade(change: str) -> Maker:
    return lambda prepared: sign(attacked(prepared, CHANGES[change]), outsider())


def _within(change: str) -> Maker:
    return lambda prepared: sign(prepared, outsider(), Way(change=CHANGES[change]))


def _after(change: str) -> Maker:
    return lambda prepared: attacked(sign(prepared, outsider()), CHANGES[change])


def _drawn_form(writer: IncrementalPdfFileWriter) -> None:
    form = writer.root["/AcroForm"]
    form["/XFA"] = writer.add_object(generic.StreamObject(stream_data=b"<xdp/>"))
    writer.update_container(form)


def _moved(writer: IncrementalPdfFileWriter) -> None:
    reference = writer.root["/AcroForm"]["/Fields"].raw_get(0)
    reference.get_object()["/Rect"] = numbers(0, 0, 595, 842)
    writer.mark_update(reference)


def _range(text: str) -> Maker:
    return _hand(Revision(byte_range=lambda begin, end, size: text.format(begin=begin, end=end, size=size, rest=size - end)))


METADATA, REDRAWN = "other metadata", "appearances to be drawn anew"
"""pyHanko does not sign over the first, and takes the second away while signing."""
NEEDS_A_STORE = {"the store removed", "junk among the certificates"}
BYTES = ("upload.byte_range", "upload.coverage", "upload.signature", "upload.unreadable", "upload.padding")
ATTACKS: Mapping[str, Attack] = {
    # shadow: what was prepared is hidden, replaced, or both, in the revision that is signed
    "shadow: a page hidden under other contents": _attack("shadow", _with(_page_hidden), *CHANGED),
    "shadow: a page's contents replaced": _attack("shadow", _with(_page_replaced), *CHANGED),
    "shadow: a font replaced": _attack("shadow", _with(_font_replaced), *CHANGED),
    "shadow: objects that no table names": _attack(
        "shadow", _hand(Revision(unlisted=b"900 0 obj\n<< /Type /Page >>\nendobj\n")), "upload.objects"
    ),
    "shadow: a revision beside the prepared one": _attack("shadow", _forged_history, "upload.history"),
    # incremental saving: changed, then signed
    **{
        f"incremental saving: {change}, then signed": _attack("incremental saving", _remade(change), "upload.revision", *CHANGED)
        for change in sorted(CHANGES.keys() - NEEDS_A_STORE - {METADATA})
    },
    # changed in the signed revision itself
    **{
        f"signed together: {change}": _attack("incremental saving", _within(change), "upload.signatures", "upload.metadata", *CHANGED)
        for change in sorted(CHANGES.keys() - NEEDS_A_STORE - {METADATA, REDRAWN})
    },
    # changed after it was signed
    **{
        f"incremental saving: signed, then {change}": _attack("incremental saving", _after(change), *CHANGED)
        for change in sorted(CHANGES.keys() - NEEDS_A_STORE)
    },
    **{
        f"incremental saving: {name} in the store": _attack("incremental saving", beside_store(write), "upload.store", *CHANGED)
        for name, write in STORES.items()
    },
    "incremental saving: junk in the store": _attack("incremental saving", _junk_store, "upload.store", *CHANGED),
    "incremental saving: saved again and again": _attack("incremental saving", _too_many_saves, "upload.revisions"),
    "incremental saving: bytes after the end": _attack("incremental saving", lambda p: sign(p, outsider()) + b"%junk", "upload.end"),
    # signature wrapping
    "wrapping: bytes put in after the hole": _attack("signature wrapping", _wrapped, *BYTES),
    "wrapping: a hole larger than the signature": _attack("signature wrapping", _range("[0 {begin} {end} 10]"), *BYTES),
    "wrapping: a range that begins later": _attack("signature wrapping", _range("[100 {begin} {end} {rest}]"), *BYTES),
    "wrapping: a range of the prepared bytes alone": _attack("signature wrapping", _range("[0 100 200 300]"), *BYTES),
    "wrapping: the room filled with other bytes": _attack("signature wrapping", _filled_room, "upload.padding"),
    # universal forgery
    "forgery: no byte range": _attack("universal forgery", _range("null"), *BYTES),
    "forgery: a negative range": _attack("universal forgery", _range("[0 -1 {end} {rest}]"), *BYTES),
    "forgery: an empty range": _attack("universal forgery", _range("[]"), *BYTES),
    "forgery: a range past the end": _attack("universal forgery", _range("[0 {begin} {end} 99999999]"), *BYTES),
    "forgery: empty contents": _attack("universal forgery", _hand(Revision(contents=lambda _der: b"")), *BYTES),
    "forgery: contents that are no CMS": _attack("universal forgery", _hand(Revision(contents=lambda _der: b"300306012A")), *BYTES),
    "forgery: contents that are no hexadecimal": _attack("universal forgery", _hand(Revision(contents=lambda _der: b"zz" * 90)), *BYTES),
    "forgery: the signature's value changed": _attack("universal forgery", _flipped, *BYTES),
    "forgery: the digest of another document": _attack(
        "universal forgery", lambda p: hand_signed(p, own_cms(outsider(), lambda digest: digest[::-1])), "upload.signature"
    ),
    # certification
    "certification: nothing may change": _attack("certification", _way(Way(certify=True)), "upload.certified"),
    "certification: with rights of use": _attack(
        "certification", _with(_catalog(b"/Perms << /UR3 1 0 R >>")), "upload.certified", *CHANGED
    ),
    # duplicate references
    "duplicate: one signature in both fields": _attack(
        "duplicate references", _both_fields_one_value, "upload.signatures", "upload.changes"
    ),
    "duplicate: two signatures": _attack("duplicate references", _two_signatures, "upload.signatures"),
    # the form and the catalog
    "form: appearances to be drawn anew": _attack("form", _with(_form(b"/NeedAppearances true")), "upload.form"),
    "form: XFA": _attack("form", _way(Way(change=_drawn_form)), "upload.form"),
    "catalog: an action on opening": _attack(
        "form", _with(_catalog(b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>")), "upload.catalog"
    ),
    "catalog: another language": _attack("form", _with(_language), "upload.catalog"),
    "catalog: layers": _attack("form", _with(_catalog(b"/OCProperties << /OCGs [] /D << >> >>")), "upload.catalog"),
    "widget: moved over the text": _attack("form", _way(Way(change=_moved)), "upload.widget", *CHANGED),
    "widget: an action": _attack("form", _hand(Revision(field_entries=b"/A << /S /URI /URI (https://x.invalid) >>")), *CHANGED),
    # another person, another certificate
    "person: another one": _attack("another person", _person(Subject("Corentin Ar Bras", "Corentin", "Ar Bras")), "upload.person"),
    "person: the right name, another organisation": _attack(
        "another person", _person(Subject(identifier=OTHER_MEMBER.organization_identifier)), "upload.organisation"
    ),
    "person: the right name, no organisation": _attack(
        "another person", _person(Subject(identifier="", organisation="")), "upload.no_siren"
    ),
    "person: no name at all": _attack(
        "another person", _person(Subject(common_name="Service des marchés", given_name="", surname="")), "upload.person"
    ),
    "certificate: self-signed": _attack("certificate", _self_signed, "upload.untrusted"),
    "certificate: of an authority that nobody trusts": _attack(
        "certificate", lambda p: sign(p, outsider("p256", ca="Autorité inconnue")), "upload.untrusted"
    ),
    "certificate: ended": _attack("certificate", _person(Subject(begins=-60 * DAY, ends=-DAY)), "upload.expired"),
    "certificate: not begun": _attack("certificate", _person(Subject(begins=DAY)), "upload.expired"),
    "certificate: an authority's own": _attack("certificate", _person(Subject(is_authority=True)), "upload.usage"),
    "certificate: not for signing": _attack("certificate", _person(Subject(may_sign=False)), "upload.usage"),
    "algorithm: SHA-1": _attack("certificate", _way(Way(digest="sha1")), "upload.algorithm"),
    "algorithm: RSA 1024": _attack("certificate", lambda p: sign(p, outsider("rsa1024")), "upload.algorithm"),
    # another file, another field, another format
    "file: another text": _attack("another file", lambda _p: sign(prepared_pdf("Convention d'achat"), outsider()), "upload.not_ours"),
    "file: written anew, then signed": _attack("another file", _rewritten, "upload.not_ours"),
    "file: rolled back to an older revision": _attack(
        "another file", lambda p: p[: p.index(b"%%EOF") + 6], "upload.not_ours", "upload.unsigned"
    ),
    "file: the prepared one, unsigned": _attack("another file", lambda p: p, "upload.unsigned"),
    "file: an empty revision": _attack("another file", lambda p: revised(p, {}), "upload.unsigned"),
    "file: cut short": _attack("another file", lambda p: sign(p, outsider())[:-900], "upload.end"),
    "file: empty": _attack("another file", lambda _p: b"", "upload.not_ours"),
    "file: a page of HTML": _attack("another file", lambda _p: b"<!doctype html><title>x</title>", "upload.not_ours"),
    "file: encrypted": _attack("another file", _encrypted, "upload.encrypted", "upload.unreadable"),
    "file: hybrid cross-references": _attack("another file", _hybrid, "upload.hybrid", "upload.unreadable"),
    "file: a loop of tables": _attack("another file", _loop, "upload.unreadable", "upload.byte_range", "upload.history"),
    "file: nested without end": _attack("another file", _nested, "upload.unreadable", *CHANGED),
    "file: two gigabytes in two megabytes": _attack(
        "another file", _inflated, "upload.memory", "upload.time", "upload.unreadable", *CHANGED
    ),
    "file: larger than a signature needs": _attack("another file", lambda p: p + bytes(2_100_000), "upload.too_large"),
    "field: another one": _attack("another field", _way(Way(field="Signature_VP")), "upload.field"),
    "field: one of its own": _attack("another field", lambda p: sign(p, outsider(), Way(field="Intrus")), "upload.field"),
    "format: PKCS#7": _attack("another field", _way(Way(subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)), "upload.format"),
    "format: a time-stamp instead of a signature": _attack("another field", with_timestamp, "upload.unsigned"),
}
"""By name; whoever signs is ``MEMBER`` unless the name says otherwise."""
