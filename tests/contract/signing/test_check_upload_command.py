"""``contreseing check-upload`` as an operator runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from typer.testing import CliRunner, Result

from contreseing.cli import app
from tests.unit.signing.material import prepared_pdf
from tests.vectors.attacks import ATTACKS
from tests.vectors.outsiders import authority, outsider, sign


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The prepared file, one signed elsewhere, one attacked, and the anchors."""
    prepared = prepared_pdf()
    (tmp_path / "prepared.pdf").write_bytes(prepared)
    (tmp_path / "signed.pdf").write_bytes(sign(prepared, outsider()))
    (tmp_path / "attacked.pdf").write_bytes(ATTACKS["field: another one"].make(prepared))
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "third-party.pem").write_bytes(authority().certificate.public_bytes(serialization.Encoding.PEM))
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["check-upload", *(str(folder / one) if (folder / one).exists() else one for one in arguments)])


def test_an_accepted_file_ends_with_zero(folder: Path) -> None:
    arguments = ["prepared.pdf", "signed.pdf", "--field", "Signature_Membre"]
    done = run(folder, *arguments, "--signer", "le goff exemple MAELLE", "--trust", "trust")
    assert (done.exit_code, "accepté. Signé par Maëlle Le Goff-Exemple" in done.stdout) == (0, True), done.output
    assert "--trust" in run(folder, *arguments).stdout
    said = json.loads(run(folder, *arguments, "--trust", "trust", "--json").stdout)
    assert (said["accepted"], said["level"], said["field"], said["trusted"]) == (True, "B-B", "Signature_Membre", True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["prepared.pdf", "attacked.pdf", "--field", "Signature_Membre"], "upload.field"),
        (["prepared.pdf", "prepared.pdf", "--field", "Signature_Membre"], "upload.unsigned"),
        (["prepared.pdf", "signed.pdf", "--field", "Signature_Membre", "--signer", "Corentin Ar Bras"], "upload.person"),
    ],
)
def test_a_refused_file_ends_with_one_its_code_and_a_sentence(folder: Path, arguments: list[str], code: str) -> None:
    done = run(folder, *arguments)
    assert done.exit_code == 1
    assert code in done.stdout
    said = json.loads(run(folder, *arguments, "--json").stdout)
    assert (said["accepted"], said["code"]) == (False, code)
    assert said["sentence"] in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["prepared.pdf"],
        ["prepared.pdf", "signed.pdf"],
        ["prepared.pdf", "absent.pdf", "--field", "x"],
        ["prepared.pdf", "signed.pdf", "--field", "x", "--trust", "absent"],
    ],
)
def test_what_is_wrong_with_the_command_ends_with_two(folder: Path, arguments: list[str]) -> None:
    assert run(folder, *arguments).exit_code == 2
