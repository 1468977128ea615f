"""What an expert and an operator do with what ``make demo`` archived, by the commands that the README names.

Run by ``make accept`` after ``make demo``; not collected with the suite.
"""

from __future__ import annotations

import hashlib
import ssl
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from contreseing.embedded.postgres import EmbeddedPostgres
from tests.tools import ROOT

OUT = ROOT / "demo" / "out"
COMMAND = str(Path(sys.executable).with_name("contreseing"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ours where a person would, from the repository's root."""
    return subprocess.run([COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def reference() -> str:
    return min(path.stem for path in (OUT / "conventions").iterdir())


@pytest.fixture(scope="module")
def root_sha256() -> str:
    der = ssl.PEM_cert_to_DER_cert((OUT / "trust" / "root.pem").read_text(encoding="ascii"))
    return hashlib.sha256(der).hexdigest()


@pytest.fixture
def dossier(reference: str, tmp_path: Path) -> Path:
    """Make the bundle and extract it in a directory of its own, far from the repository."""
    done = run("bundle", reference, "--out", str(tmp_path / "dossier.zip"))
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(tmp_path / "dossier.zip") as packed:
        packed.extractall(tmp_path / "elsewhere")
    (extracted,) = (tmp_path / "elsewhere").iterdir()
    return extracted


def verified(dossier: Path, root_sha256: str) -> tuple[int, str]:
    """Verify as the expert does: Python without our packages, and openssl."""
    command = [sys.executable, "-I", "-S", str(dossier / "verify.py"), "--root", root_sha256]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.needs_tool("openssl")
def test_a_bundle_is_verified_far_from_us_and_one_bit_is_found(dossier: Path, root_sha256: str) -> None:
    code, said = verified(dossier, root_sha256)
    assert code == 0, said
    sealed = next(path for path in sorted((dossier / "convention").iterdir()) if "-sealed." in path.name)
    data = bytearray(sealed.read_bytes())
    data[len(data) // 2] ^= 1
    sealed.write_bytes(data)
    code, said = verified(dossier, root_sha256)
    assert code == 1, said
    assert sealed.name in said


def test_the_whole_archive_is_read_again(reference: str) -> None:
    del reference
    done = run("archive", "check", "--all")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_journal_is_verified() -> None:
    done = run("journal", "verify")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(300)
def test_a_registry_made_again_in_postgresql_is_the_one_that_stands() -> None:
    with EmbeddedPostgres().running() as server:
        done = run("rebuild", "--into", server.create_database("again"), "--compare")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Identique au registre en place" in done.stdout
