"""``contreseing check-upload`` as an operator runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from typer.testing import CliRunner, Result

from contreseing.cli import app
from tests.unit.signing.material import MEMBER, prepared_pdf
from tests.vectors.attacks import ATTACKS
from tests.vectors.outsiders import Subject, authority, outsider, sign


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The prepared file, one signed elsewhere, one attacked, and the anchors."""
    prepared = prepared_pdf()
    (tmp_path / "prepared.pdf").write_bytes(prepared)
    (tmp_path / "signed.pdf").write_bytes(sign(prepared, outsider("p256", Subject(responder="http://ocsp.invalid"))))
    (tmp_path / "unprovable.pdf").write_bytes(sign(prepared, outsider()))
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


def test_what_an_accepted_file_was_not_checked_for_is_said(folder: Path) -> None:
    arguments = ["prepared.pdf", "signed.pdf", "--field", "Signature_Membre"]
    assert json.loads(run(folder, *arguments, "--json").stdout)["unchecked"] == [
        "authority",
        "person",
        "organisation",
        "revocation",
        "timestamp",
    ]
    complete = [*arguments, "--trust", "trust", "--signer", "Maëlle Le Goff-Exemple", "--siren", MEMBER.siren]
    assert json.loads(run(folder, *complete, "--json").stdout)["unchecked"] == ["revocation", "timestamp"]
    assert "Non vérifié ici : l’état du certificat (révoqué ou non)" in run(folder, *complete).stdout.replace("\n", " ")


def test_a_file_that_the_deposit_could_not_prove_is_not_said_accepted(folder: Path) -> None:
    done = run(folder, "prepared.pdf", "unprovable.pdf", "--field", "Signature_Membre", "--trust", "trust")
    assert (done.exit_code, "upload.no_address" in done.stdout) == (1, True), done.output


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
        ["prepared.pdf", "signed.pdf", "--field", "x", "--siren", "123456782"],
        ["prepared.pdf", "signed.pdf", "--field", "x", "--trust", "absent"],
    ],
)
def test_what_is_wrong_with_the_command_ends_with_two(folder: Path, arguments: list[str]) -> None:
    assert run(folder, *arguments).exit_code == 2
