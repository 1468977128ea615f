"""A signing tool of a few lines: an incremental revision written byte by byte, honest or not, with a CMS from anywhere."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from pypdf import PdfReader

from signing.cms import CmsBuilder, Mechanism
from tests.vectors.outsiders import Outsider

RESERVED_BYTES = 6_000
Cms = Callable[[bytes], bytes]
"""What is covered, to a ContentInfo, DER."""


@dataclass(frozen=True)
class Revision:
    """How a handmade revision departs from an honest one."""

    field: str = "Signature_Membre"
    sub_filter: str = "ETSI.CAdES.detached"
    kind: str = "Sig"
    extra: Mapping[int, bytes] = dataclasses.field(default_factory=dict)
    unlisted: bytes = b""
    byte_range: Callable[[int, int, int], str] | None = None
    contents: Callable[[bytes], bytes] | None = None
    previous: int | None = None
    trailer: bytes = b""
    field_entries: bytes = b""
    value_entries: bytes = b""


def opened(data: bytes) -> Any:  # noqa: ANN401 pypdf types every object alike
    """Open a file by pypdf."""
    return PdfReader(io.BytesIO(data))


def table_at(data: bytes) -> int:
    """Return where the last cross-reference table stands."""
    return int(re.findall(rb"startxref\s+(\d+)", data)[-1])


def revised(
    data: bytes,
    objects: Mapping[int, bytes],
    *,
    previous: int | None = None,
    trailer: bytes = b"",
    unlisted: bytes = b"",
    is_whole: bool = False,
) -> bytes:
    """Append objects (their bodies by number) and a table of their own, or one of the whole file, which names none before it."""
    reader = opened(data)
    output = bytearray(data if data.endswith(b"\n") else data + b"\n")
    output += unlisted
    places: dict[int, int] = {number: at for number, at in reader.xref[0].items() if number} if is_whole else {}
    for number, body in sorted(objects.items()):
        places[number] = len(output)
        output += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    at = len(output)
    output += b"xref\n0 0\n" + b"".join(b"%d 1\n%010d 00000 n \n" % (number, place) for number, place in sorted(places.items()))
    size = max(int(str(reader.trailer["/Size"])), *places) + 1 if places else int(str(reader.trailer["/Size"]))
    info = reader.trailer.raw_get("/Info") if "/Info" in reader.trailer else None
    entries = b"/Size %d /Root %d 0 R" % (size, int(reader.trailer.raw_get("/Root").idnum))
    if not is_whole:
        entries += b" /Prev %d" % (table_at(data) if previous is None else previous)
    if info is not None and b"/Info" not in trailer:
        entries += b" /Info %d 0 R" % info.idnum
    if "/ID" in reader.trailer:
        entries += b" /ID [" + b" ".join(b"<%s>" % bytes(one.original_bytes).hex().encode() for one in reader.trailer["/ID"]) + b"]"
    output += b"trailer\n<< " + entries + trailer + b" >>\nstartxref\n%d\n%%%%EOF\n" % at
    return bytes(output)


def body_of(data: bytes, number: int) -> bytes:
    """Return an object's body as it was last written."""
    found = re.findall(rb"[\r\n]%d 0 obj\s*(.*?)\s*endobj" % number, data, re.DOTALL)
    return bytes(found[-1])


def number_of(data: bytes, name: str) -> int:
    """Return the object number of a field."""
    fields = opened(data).trailer["/Root"]["/AcroForm"]["/Fields"]
    return next(int(one.idnum) for one in fields if one.get_object()["/T"] == name)


def root_number(data: bytes) -> int:
    """Return the catalog's object number."""
    return int(opened(data).trailer.raw_get("/Root").idnum)


def free_number(data: bytes) -> int:
    """Return a number that no object has."""
    return int(str(opened(data).trailer["/Size"]))


def _now() -> bytes:
    return f"D:{datetime.now(UTC):%Y%m%d%H%M%SZ}".encode()


def hand_signed(data: bytes, cms: Cms, how: Revision | None = None) -> bytes:
    """Sign a field in one revision written here."""
    how = how or Revision()
    number, value = number_of(data, how.field), free_number(data)
    entries = body_of(data, number).removesuffix(b">>") + b"\n/V %d 0 R %s>>" % (value, how.field_entries)
    hole, room = b"<" + b"0" * (2 * RESERVED_BYTES) + b">", b"[0 0000000000 0000000000 0000000000]"
    signature = b"<< /Type /%s /Filter /Adobe.PPKLite /SubFilter /%s %s/ByteRange %s /Contents %s /M (%s) >>"
    body = signature % (how.kind.encode(), how.sub_filter.encode(), how.value_entries, room, hole, _now())
    output = revised(data, {number: entries, value: body, **how.extra}, previous=how.previous, trailer=how.trailer, unlisted=how.unlisted)
    begin = output.index(hole, len(data))
    end = begin + len(hole)
    said = how.byte_range(begin, end, len(output)) if how.byte_range else f"[0 {begin:010d} {end:010d} {len(output) - end:010d}]"
    output = output.replace(room, said.encode().ljust(len(room)), 1)
    der = cms(output[:begin] + output[end:])
    written = der.hex().encode() if how.contents is None else how.contents(der)
    return output[: begin + 1] + written.ljust(2 * RESERVED_BYTES, b"0") + output[end - 1 :]


def own_cms(who: Outsider, change: Callable[[bytes], bytes] = lambda digest: digest) -> Cms:
    """Make the CMS by our own builder; ``change`` is applied to the document's digest before it is signed."""

    def cms(covered: bytes) -> bytes:
        issuers = [who.issuer] if who.issuer is not None else []
        mechanism = Mechanism.RSA_PKCS1_SHA256 if isinstance(who.key, rsa.RSAPrivateKey) else Mechanism.ECDSA_SHA256
        builder = CmsBuilder(who.certificate, issuers, mechanism)
        digest = change(hashlib.sha256(covered).digest())
        hashed = builder.hash_to_sign(digest)
        if isinstance(who.key, ec.EllipticCurvePrivateKey):
            return builder.render(digest, who.key.sign(hashed, ec.ECDSA(utils.Prehashed(hashes.SHA256()))))
        return builder.render(digest, who.key.sign(hashed, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256())))

    return cms


def openssl_cms(who: Outsider, *options: str) -> Cms:
    """Make the CMS by ``openssl cms -sign -cades``."""

    def cms(covered: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            key = who.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            (folder / "key.pem").write_bytes(key)
            (folder / "who.pem").write_bytes(who.certificate.public_bytes(serialization.Encoding.PEM))
            chain = who.issuer.public_bytes(serialization.Encoding.PEM) if who.issuer is not None else b""
            (folder / "chain.pem").write_bytes(chain)
            (folder / "covered").write_bytes(covered)
            command = ["openssl", "cms", "-sign", "-cades", "-binary", "-in", "covered", "-signer", "who.pem", "-inkey", "key.pem"]
            command += ["-certfile", "chain.pem", "-outform", "DER", "-out", "cms", *(options or ("-md", "sha256"))]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            return (folder / "cms").read_bytes()

    return cms
