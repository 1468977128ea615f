"""A proof bundle: the files that an expert needs, offline, and the deterministic ZIP that holds them.

The same files make the same ZIP, whoever makes it and whenever. ``LIST`` names every file with its digest and is what the
system seals; ``SUMS`` is written last and covers the seal too, for whoever has ``sha256sum`` and nothing else.
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.ports.registry import ArchiveEntry
from conventions.signatures import FormerAuthorities, ProofMaterial
from conventions.steps.prove_events import EventProof, JournalProof

BUNDLE_SCHEMA = "contreseing/bundle/1"
README, PROGRAM, SUMS = "LISEZ-MOI.txt", "verify.py", "SHA256SUMS"
LIST = "dossier.json"
SEAL, SEAL_TIMESTAMP = f"{LIST}.p7s", f"{LIST}.tsr"
FORMER_ENDS = "anciennes-autorites.json"
"""Until when the anchors of former authorities vouch, by their paths; there where there are any."""
ROOT_NAME = "racine.pem"
ANCHOR_NAMES: Mapping[str, str] = {"root.pem": ROOT_NAME, "members-ca.pem": "ac-membres.pem", "syndicate-ca.pem": "ac-syndicat.pem"}
SUFFIXES: Mapping[str, str] = {
    "prepared": "pdf",
    "member_signed": "pdf",
    "sealed": "pdf",
    "uploaded": "pdf",
    "evidence": "pdf",
    "ceremony-seal": "p7s",
    "ceremony-timestamp": "tsr",
    "transfer-reply": "xml",
}
"""What an archived object is, by its kind; the others are JSON."""
NUMBERED = (("restamped-", "pdf"), ("mail-", "eml"))
"""Those of which there are several, by how their kinds begin."""
DIGITS_OF_A_NAME = 16
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The date of every member: the first that a ZIP can write."""
FILE_MODE = 0o100644


def bundle_name(reference: str) -> str:
    """Name the bundle of an agreement, and the one folder that it extracts to."""
    return f"dossier-de-preuve-{reference}"


def archived_name(entry: ArchiveEntry) -> str:
    """Name an archived object in the bundle: its number, its kind, and a suffix that programs know."""
    return f"convention/{entry.seq:04d}-{entry.kind}.{suffix_of(entry.kind)}"


def suffix_of(kind: str) -> str:
    """Return the suffix that says what an archived object of a kind is."""
    return next((suffix for start, suffix in NUMBERED if kind.startswith(start)), SUFFIXES.get(kind, "json"))


def material_files(
    anchors_pem: Mapping[str, bytes], material: Sequence[ProofMaterial], former: Sequence[FormerAuthorities] = ()
) -> dict[str, bytes]:
    """Lay out certificates (PEM), OCSP answers (DER), revocation lists (PEM) and time-stamps (DER), each once."""
    ours = {der for pems in (anchors_pem, *(one.anchors_pem for one in former)) for pem in pems.values() for der in parse_pem(pem)}
    others = {der for one in material for der in one.roots} - ours
    accepted = {f"accepted-{rank:03d}.pem": render_pem("CERTIFICATE", der) for rank, der in enumerate(sorted(others), 1)}
    files, known = _anchors({**anchors_pem, **accepted})
    files |= _former_anchors(former, files, known)
    known |= ours
    for one in material:
        certificates = (der for der in one.certificates if der not in known)
        files |= {_named("certificats", der, "pem"): render_pem("CERTIFICATE", der) for der in certificates}
        files |= {_named("revocation", der, "ocsp"): der for der in one.ocsp_responses}
        files |= {_named("revocation", der, "crl"): render_pem("X509 CRL", der) for der in one.crls}
        files |= {f"horodatages/{sha256_hex(der)[:DIGITS_OF_A_NAME]}-{field}.tsr": der for field, der in one.timestamps}
    return files


def journal_files(proof: JournalProof) -> dict[str, bytes]:
    """Lay out the events of an agreement, one a line, their inclusion proofs, and the head with its time-stamps."""
    events: list[Json] = [_proof_of(event) for event in proof.events]
    return {
        "journal/evenements.jsonl": b"".join(event.canonical + b"\n" for event in proof.events),
        "journal/preuves.json": render_canonical({"size": proof.stamped.head.size, "events": events}),
        "journal/tete.json": proof.stamped.data,
        **{f"journal/tete-{authority}.tsr": token for authority, token in proof.stamped.tokens.items()},
    }


def render_list(reference: str, files: Mapping[str, bytes]) -> bytes:
    """Serialise what is sealed: each file with its digest and size, by path (canonical JSON)."""
    listed: list[Json] = [{"path": path, "sha256": sha256_hex(data), "size_bytes": len(data)} for path, data in sorted(files.items())]
    return render_canonical({"schema": BUNDLE_SCHEMA, "reference": reference, "files": listed})


def render_sums(files: Mapping[str, bytes]) -> bytes:
    """List every file's digest as ``sha256sum`` writes it and checks it."""
    return "".join(f"{sha256_hex(data)}  {path}\n" for path, data in sorted(files.items())).encode()


def render_zip(folder: str, files: Mapping[str, bytes]) -> bytes:
    """Pack files into one folder of a ZIP: sorted, stored, undated, so that the same files make the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, data in sorted(files.items()):
            member = zipfile.ZipInfo(f"{folder}/{path}", EARLIEST)
            member.create_system, member.external_attr = 3, FILE_MODE << 16  # as on Unix: rw-r--r--
            archive.writestr(member, data)
    return packed.getvalue()


def parse_pem(pem: bytes) -> list[bytes]:
    """Return the DER of each block of a PEM."""
    blocks = pem.split(b"-----BEGIN ")[1:]
    return [base64.b64decode(b"".join(block.split(b"-----END ")[0].splitlines()[1:])) for block in blocks]


def render_pem(label: str, der: bytes) -> bytes:
    """Write DER as PEM (RFC 7468)."""
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def certificate_fingerprint(pem: bytes) -> str:
    """Return the SHA-256 of the first certificate's DER, hexadecimal: what is published of the root."""
    return sha256_hex(parse_pem(pem)[0])


def _anchors(anchors_pem: Mapping[str, bytes]) -> tuple[dict[str, bytes], set[bytes]]:
    """Lay out the anchors, one certificate a file: ours under their names, those of others as further roots."""
    files, others = {}, list[bytes]()
    for name, pem in sorted(anchors_pem.items()):
        certificates = parse_pem(pem)
        if name in ANCHOR_NAMES:
            files[f"certificats/{ANCHOR_NAMES[name]}"] = render_pem("CERTIFICATE", certificates.pop(0))
        others += certificates
    known = {der for pem in anchors_pem.values() for der in parse_pem(pem)}
    files |= {f"certificats/racine-{rank}.pem": render_pem("CERTIFICATE", der) for rank, der in enumerate(others, 2)}
    return files, known


def _former_anchors(former: Sequence[FormerAuthorities], files: Mapping[str, bytes], known: set[bytes]) -> dict[str, bytes]:
    """Lay out the anchors of former authorities after ours, numbered on, and until when each vouches."""
    paths, ends = dict[bytes, str](), dict[str, datetime]()
    for one in former:
        for name, der in ((name, der) for name, pem in sorted(one.anchors_pem.items()) for der in parse_pem(pem) if der not in known):
            stem = f"certificats/{ANCHOR_NAMES.get(name, ROOT_NAME).removesuffix('.pem')}"
            number = 1 + sum(path.startswith(stem) for path in (*files, *paths.values()))
            path = paths.setdefault(der, f"{stem}-{number}.pem")
            ends[path] = max(ends.get(path, one.until), one.until)
    if not ends:
        return {}
    told: dict[str, Json] = {path: until.isoformat() for path, until in ends.items()}
    return {**{path: render_pem("CERTIFICATE", der) for der, path in paths.items()}, FORMER_ENDS: render_canonical(told)}


def _named(folder: str, data: bytes, suffix: str) -> str:
    return f"{folder}/{sha256_hex(data)[:DIGITS_OF_A_NAME]}.{suffix}"


def _proof_of(event: EventProof) -> Json:
    opened: Iterable[Json] = ({"name": one.name, "value": one.value, "salt": one.salt} for one in event.disclosed)
    return {"index": event.index, "path": [node.hex() for node in event.path], "opened": list(opened)}
