"""``contreseing verify`` as an operator runs it: any file, no settings, no database."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pypdf import PdfReader, PdfWriter
from typer.testing import CliRunner, Result

from contreseing.cli import app
from conventions.signatures import SignedFile
from tests.contract.signing.running import RunningPki
from tests.contract.signing.test_ten_years import days_later
from tests.tools import ROOT
from tests.unit.signing.material import prepared_pdf
from tests.vectors.outsiders import outsider, sign

KEYS = ["file", "valid", "level", "signatures", "timestamps", "verifiable_until", "reasons"]


@pytest.fixture
def folder(tmp_path: Path, pki: RunningPki, countersigned: SignedFile) -> Path:
    """A signed file, an unsigned one, and the anchors."""
    (tmp_path / "signed.pdf").write_bytes(countersigned.data)
    (tmp_path / "unsigned.pdf").write_bytes(prepared_pdf())
    trust = tmp_path / "trust"
    trust.mkdir()
    (trust / "root.pem").write_bytes((pki.folder / "root.pem").read_bytes())
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    named = [str(folder / one) if (folder / one).exists() or one.endswith(".out.pdf") else one for one in arguments]
    return CliRunner().invoke(app, ["verify", *named])


def test_a_valid_file_ends_with_zero_and_a_sentence_first(folder: Path) -> None:
    done = run(folder, "signed.pdf", "--trust", "trust")
    assert done.exit_code == 0, done.output
    first = done.stdout.splitlines()[0]
    assert "signed.pdf : Valable au niveau B-LTA. Signée le " in first
    assert "intacte, heure donnée par " in first


def test_one_that_is_not_valid_ends_with_one(folder: Path) -> None:
    done = run(folder, "signed.pdf", "unsigned.pdf", "--trust", "trust")
    assert done.exit_code == 1
    assert "unsigned.pdf : Non valable\u00a0: ce fichier n’est pas signé." in done.stdout


def test_a_file_that_cannot_be_read_does_not_hide_the_others(folder: Path) -> None:
    done = run(folder, "signed.pdf", "absent.pdf", "trust", "unsigned.pdf", "--trust", "trust")
    assert done.exit_code == 2
    assert "signed.pdf : Valable au niveau B-LTA." in done.stdout
    assert "unsigned.pdf : Non valable" in done.stdout
    assert "absent.pdf ne peut pas être lu : il n’existe pas." in done.stderr
    assert "trust ne peut pas être lu : c’est un dossier." in done.stderr
    assert "No such file" not in done.output
    lines = [json.loads(line) for line in run(folder, "absent.pdf", "signed.pdf", "--trust", "trust", "--json").stdout.splitlines()]
    assert [(list(line), line["valid"]) for line in lines] == [(KEYS, False), (KEYS, True)]
    assert lines[0]["reasons"] == ["the file cannot be read: ENOENT"]


def test_each_file_is_said_as_soon_as_it_is_verified(folder: Path) -> None:
    fifo = folder / "later.pdf"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "contreseing", "verify", str(folder / "unsigned.pdf"), str(fifo)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        assert process.stdout is not None
        assert "n’est pas signé" in process.stdout.readline()
        fifo.write_bytes(prepared_pdf())
        assert "later.pdf" in process.communicate(timeout=60)[0]


def test_what_is_not_valid_is_told_in_french_with_the_standard_s_terms_and_always_with_a_reason(folder: Path) -> None:
    (folder / "theirs.pdf").write_bytes(sign(prepared_pdf(), outsider()))
    (folder / "locked.pdf").write_bytes(locked())
    done = run(folder, "theirs.pdf", "locked.pdf", "--trust", "trust")
    assert "INDETERMINATE (NO_CERTIFICATE_CHAIN_FOUND)" in done.stdout
    assert "locked.pdf : Non valable\u00a0: ce fichier est protégé par un mot de passe" in done.stdout
    assert not re.search(r"AdES|Validation of|not a PDF|the signature", done.stdout)
    lines = [json.loads(line) for line in run(folder, "theirs.pdf", "locked.pdf", "--trust", "trust", "--json").stdout.splitlines()]
    assert lines[0]["reasons"] == ["Signature_Membre: the signature is INDETERMINATE (NO_CERTIFICATE_CHAIN_FOUND)"]
    assert lines[1]["reasons"] == ["an encrypted file"]


def locked() -> bytes:
    """A file that a password opens."""
    writer, output = PdfWriter(clone_from=io.BytesIO(prepared_pdf())), io.BytesIO()
    writer.encrypt("271828", algorithm="AES-256")
    writer.write(output)
    return output.getvalue()


def test_json_is_a_line_a_file_with_the_published_keys(folder: Path) -> None:
    done = run(folder, "signed.pdf", "unsigned.pdf", "--trust", "trust", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [list(line) for line in lines] == [KEYS, KEYS]
    assert [line["valid"] for line in lines] == [True, False]
    assert [Path(line["file"]).name for line in lines] == ["signed.pdf", "unsigned.pdf"]
    assert [one["field"] for one in lines[0]["signatures"]] == ["Signature_Membre", "Signature_VP"]


def test_without_anchors_it_is_read_and_nobody_is_trusted(folder: Path) -> None:
    done = run(folder, "signed.pdf")
    assert done.exit_code == 1
    assert "ne remonte à aucune des autorités" in done.stdout.splitlines()[0]
    assert "--trust" in done.stdout


def test_anchors_may_be_der_and_several(folder: Path) -> None:
    pem = (folder / "trust" / "root.pem").read_bytes()
    (folder / "trust" / "root.cer").write_bytes(x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER))
    (folder / "trust" / "root.pem").unlink()
    assert run(folder, "signed.pdf", "--trust", "trust").exit_code == 0
    assert run(folder, "signed.pdf", "--trust", "trust/root.cer").exit_code == 0


def test_another_date_is_another_answer(folder: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    for at, code in (("2020-01-01", 1), (soon, 0), (f"{soon}T12:00:00", 0), (f"{soon}T12:00:00+02:00", 0), ("2045-01-01", 1)):
        assert run(folder, "signed.pdf", "--trust", "trust", "--at", at).exit_code == code, at


@pytest.mark.needs_tool("faketime")
def test_it_is_read_the_same_long_after_without_asking_anybody(folder: Path) -> None:
    longer = folder / "longer.pdf"
    longer.write_bytes((folder / "signed.pdf").read_bytes() + b"% after the last time-stamp\n")
    for days, valid in ((300, True), (6 * 365, False)):
        command = [
            sys.executable,
            "-m",
            "contreseing",
            "verify",
            *map(str, (folder / "signed.pdf", longer)),
            "--trust",
            str(folder / "trust"),
        ]
        done = subprocess.run(command, cwd=ROOT, env=days_later(days), capture_output=True, text=True, check=False, timeout=60)
        told = [line for line in done.stdout.splitlines() if ".pdf : " in line]
        assert ["Valable au niveau" in line for line in told] == [valid, False], (days, done.stdout, done.stderr)
        assert ("État des autorités connu par le fichier au " in told[0]) is valid


def test_the_report_is_a_pdf_that_says_it_and_carries_the_facts(folder: Path) -> None:
    assert run(folder, "signed.pdf", "unsigned.pdf", "--trust", "trust", "--report", "r.out.pdf").exit_code == 1
    read = PdfReader(io.BytesIO((folder / "r.out.pdf").read_bytes()))
    text = " ".join("\n".join(page.extract_text() for page in read.pages).replace("\u00a0", " ").replace("\u202f", " ").split())
    assert "Valable au niveau B-LTA" in text
    assert "Non valable : ce fichier n’est pas signé" in text
    (data,) = read.attachments["verification.json"]
    assert [Path(one["file"]).name for one in json.loads(data)["files"]] == ["signed.pdf", "unsigned.pdf"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["absent.pdf"],
        ["signed.pdf", "--at", "hier"],
        ["signed.pdf", "--trust", "absent"],
        ["signed.pdf", "--trust", "empty"],
        ["signed.pdf", "--trust", "signed.pdf"],
        ["signed.pdf", "--report", "absent/r.out.pdf"],
        ["--unknown", "signed.pdf"],
    ],
    ids=["no file", "absent", "not a date", "no folder", "no certificate", "not a certificate", "report elsewhere", "option"],
)
def test_what_is_wrong_with_the_command_ends_with_two(folder: Path, arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "empty").mkdir()
    done = run(folder, *arguments)
    code = getattr(done.exception, "code", done.exit_code)
    assert code in {"configuration.trust", 2}, capfd.readouterr()
