"""The fuzz target's seeds: what honest tools append to one prepared file. ``python -m tests.fuzz.seeds`` writes them anew.

Kept are the prepared file, the authority's certificate, the instant at which they were made, and for each tool the bytes that it
appended. Two bytes of the target's own stand first (see ``tests/fuzz/target.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.unit.signing.material import prepared_pdf
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
    """The prepared file, the anchor, when they were made, and what each tool appended."""

    prepared: bytes
    anchor: x509.Certificate
    made_at: datetime
    appended: Mapping[str, bytes]


def read_seeds() -> Seeds:
    """Read what is kept."""
    return Seeds(
        (FOLDER / "prepared.pdf").read_bytes(),
        x509.load_pem_x509_certificate((FOLDER / "anchor.pem").read_bytes()),
        datetime.fromisoformat((FOLDER / "made_at.txt").read_text(encoding="ascii").strip()),
        {name: (FOLDER / f"{name}.bin").read_bytes() for name in KEPT},
    )


def write_seeds() -> None:
    """Have the tools sign anew."""
    prepared = prepared_pdf()
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "prepared.pdf").write_bytes(prepared)
    for name, tool in KEPT.items():
        (FOLDER / f"{name}.bin").write_bytes(HONEST[tool](prepared).removeprefix(prepared))
    (FOLDER / "anchor.pem").write_bytes(authority().certificate.public_bytes(serialization.Encoding.PEM))
    (FOLDER / "made_at.txt").write_text(f"{datetime.now(UTC).replace(microsecond=0).isoformat()}\n", encoding="ascii")


if __name__ == "__main__":
    write_seeds()
