"""What our programs say of a file, against the schemas that are published of it."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pypdf import PdfReader

from conventions.signatures import SignedFile
from conventions.steps.archive import render_report
from conventions.verification import render_verification
from documents.verification_report import VerifiedFile, render_verification_report
from signing.adapter import PadesSigning
from signing.verify import FileVerifier
from tests.contract.signing.running import RunningPki
from tests.tools import ROOT
from tests.unit.signing.attacks import ATTACKS, attacked
from tests.unit.signing.material import BOTH, prepared_pdf

SCHEMAS = ROOT / "docs" / "schemas"


def problems(name: str, document: object) -> list[str]:
    schema = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(document)]


@pytest.fixture(scope="module")
def files(member_signed: SignedFile, countersigned: SignedFile) -> dict[str, bytes]:
    """Files that pass, that fail in different ways, that are not signed, and that are no PDF."""
    sealed = countersigned.data
    altered = bytearray(sealed)
    altered[altered.index(b"/BaseFont")] ^= 1
    return {
        "member-signed.pdf": member_signed.data,
        "sealed.pdf": sealed,
        "altered.pdf": bytes(altered),
        "cut.pdf": sealed[: len(sealed) * 9 // 10],
        "prepared.pdf": prepared_pdf(),
        "text.pdf": b"not a PDF",
        **{f"{name}.pdf": attacked(sealed, ATTACKS[name]) for name in sorted(ATTACKS)[::6]},
    }


def test_each_readers_report_is_as_published(signing: PadesSigning, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        for report in (signing.validate(data, BOTH), signing.second_opinion(data, BOTH)):
            said = json.loads(render_report(report))
            assert not problems("validation-report-1.json", said), (name, report.reader)
            assert (said["report"]["valid"], bool(said["report"]["reasons"])) == (report.valid, bool(report.reasons)), name


def test_each_line_and_the_report_of_verify_are_as_published(pki: RunningPki, files: dict[str, bytes]) -> None:
    now, trusting = datetime.now(UTC), FileVerifier([(pki.folder / "root.pem").read_bytes()])
    found = tuple(VerifiedFile(name, trusting.verify(data, now)) for name, data in files.items())
    assert [one.name for one in found if one.found.is_valid] == ["member-signed.pdf", "sealed.pdf"]
    for one in (*found, VerifiedFile("sealed.pdf", FileVerifier().verify(files["sealed.pdf"], now))):
        line = {"file": one.name, **render_verification(one.found)}
        assert not problems("verification-1.json", json.loads(json.dumps(line))), one.name
    (data,) = PdfReader(io.BytesIO(render_verification_report(found, now, now))).attachments["verification.json"]
    assert not problems("verification-1.json", json.loads(data))


@pytest.mark.parametrize(("key", "value"), [("level", "B-X"), ("valid", "yes"), ("unknown", 1), ("verifiable_until", "2030-01-01")])
def test_the_schema_refuses_what_is_not_published(pki: RunningPki, countersigned: SignedFile, key: str, value: object) -> None:
    found = FileVerifier([(pki.folder / "root.pem").read_bytes()]).verify(countersigned.data, datetime.now(UTC))
    assert problems("verification-1.json", {"file": "a.pdf", **render_verification(found), key: value})
