"""The program that goes with every bundle: what is published of it is true, and it stays short enough to be read."""

from __future__ import annotations

from conventions.canonical import sha256_hex
from storage.proof.verifier import PackagedVerifier
from tests.tools import ROOT

GUIDE = ROOT / "docs" / "operating" / "proof.md"


def test_the_published_digest_is_that_of_the_program() -> None:
    """After a change of ``verify.py``: put its new digest in the guide, because people compare."""
    assert sha256_hex(PackagedVerifier().program()) in GUIDE.read_text(encoding="utf-8")


def test_it_is_short_imports_the_standard_library_alone_and_says_how_it_ends() -> None:
    program = PackagedVerifier().program().decode()
    assert len(program.splitlines()) < 400
    imported = [line for line in program.splitlines() if line.startswith(("import ", "from "))]
    assert not [line for line in imported if any(name in line for name in ("conventions", "signing", "storage", "cryptography", "pypdf"))]
    assert "Code de sortie" in program
