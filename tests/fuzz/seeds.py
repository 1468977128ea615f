"""The fuzz target's seeds: what honest tools append to one prepared file. ``python -m tests.fuzz.seeds`` writes them anew.

Kept are the prepared file, the authority's certificate, the instant at which they were made, and for each tool the bytes that it
appended; then what our own engine makes of it at B-LTA, with its authorities. One byte of the target's own stands first (see
``tests/fuzz/target.py``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from signing.pki.directory import read_anchors
from tests.contract.signing.running import RunningPki
from tests.unit.signing.material import member_request, prepared_pdf
from tests.vectors.honest import HONEST
from tests.vectors.outsiders import authority

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "seeds"
KEPT = {
    "handmade": "our builder in a handmade revision, P-256",
    "pyhanko": "pyHanko, P-256, SHA-256",
    "stored": "pyHanko, with a store",
    "archived": "pyHanko, with a store and an archive time-stamp",
}


@dataclass(frozen=True)
class Seeds:
    """The prepared file, the anchor, when they were made, and what each tool appended.

    ``sealed``: what our engine appended, up to the archive time-stamp, under its own ``root`` and ``members_ca``.
    """

    prepared: bytes
    anchor: x509.Certificate
    made_at: datetime
    appended: Mapping[str, bytes]
    sealed: bytes
    root: x509.Certificate
    members_ca: x509.Certificate


def read_seeds() -> Seeds:
    """Read what is kept."""
    return Seeds(
        (FOLDER / "prepared.pdf").read_bytes(),
        x509.load_pem_x509_certificate((FOLDER / "anchor.pem").read_bytes()),
        datetime.fromisoformat((FOLDER / "made_at.txt").read_text(encoding="ascii").strip()),
        {name: (FOLDER / f"{name}.bin").read_bytes() for name in KEPT},
        (FOLDER / "sealed.bin").read_bytes(),
        x509.load_pem_x509_certificate((FOLDER / "root.pem").read_bytes()),
        x509.load_pem_x509_certificate((FOLDER / "members-ca.pem").read_bytes()),
    )


def write_seeds() -> None:
    """Have the tools sign anew."""
    prepared = prepared_pdf()
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "prepared.pdf").write_bytes(prepared)
    for name, tool in KEPT.items():
        (FOLDER / f"{name}.bin").write_bytes(HONEST[tool](prepared).removeprefix(prepared))
    with tempfile.TemporaryDirectory() as name:
        pki = RunningPki(Path(name) / "pki").start()
        signing = pki.adapter()
        try:
            sealed = signing.sign_for_member(prepared, member_request(prepared)).data
            anchors = read_anchors(pki.folder)
        finally:
            signing.close()
            pki.stop()
    (FOLDER / "sealed.bin").write_bytes(sealed.removeprefix(prepared))
    for name in ("root.pem", "members-ca.pem"):
        (FOLDER / name).write_bytes(anchors[name])
    (FOLDER / "anchor.pem").write_bytes(authority().certificate.public_bytes(serialization.Encoding.PEM))
    (FOLDER / "made_at.txt").write_text(f"{datetime.now(UTC).replace(microsecond=0).isoformat()}\n", encoding="ascii")


if __name__ == "__main__":
    write_seeds()
