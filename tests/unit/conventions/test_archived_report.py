"""What was kept of a validation is read back as it was told, whenever it was kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from conventions.archived_report import parse_report
from conventions.canonical import render_canonical
from conventions.errors import EvidenceBroken
from conventions.qualification import Qualification, QualifiedWhy
from conventions.signatures import Check, Indication, Outcome, PadesLevel, SignatureFinding, TimestampFinding, ValidationReport
from conventions.steps.archive import render_report

AT = datetime(2026, 11, 23, 14, 4, 5, tzinfo=UTC)
GRANTED = Qualification(QualifiedWhy.NOT_CLAIMED)
SIGNED = SignatureFinding(
    "Signature_Membre",
    "Maëlle Le Goff",
    "NTRFR-1",
    AT,
    Indication.TOTAL_PASSED,
    "",
    PadesLevel.B_LTA,
    certificates=("a" * 64,),
    qualification=GRANTED,
    is_one_shot=True,
)
STAMP = TimestampFinding("signature-timestamp", "Signature_Membre", "Horodatage 2026", AT, Indication.TOTAL_PASSED)
REPORT = ValidationReport("pyHanko", "0" * 64, AT, True, PadesLevel.B_LTA, (SIGNED,), (STAMP,), "1" * 64)


def test_a_report_is_read_back_as_it_was_told() -> None:
    read = parse_report(render_report(REPORT))
    assert read.report == REPORT
    assert set(read.checks["Signature_Membre"].values()) == {Outcome.PASSED}
    assert set(read.checks["Signature_Membre"]) == set(Check)


def test_its_line_is_the_one_that_a_secretary_reads() -> None:
    line = parse_report(render_report(REPORT)).line(datetime(2031, 11, 22, 18, tzinfo=UTC)).replace("\u00a0", " ")
    assert line.startswith("Valable au niveau B-LTA. Signée le 23 novembre 2026")
    assert "heure donnée par Horodatage 2026 ; signature simple, par un certificat à usage unique" in line
    assert line.endswith("Vérifiable ainsi jusqu’au 22 novembre 2031.")
    refused = replace(REPORT, valid=False, reasons=("sealed: something follows the last time-stamp",))
    assert parse_report(render_report(refused)).line(None).startswith("Non valable")


def test_a_report_of_before_checks_were_told_is_read_without_them() -> None:
    told = json.loads(render_report(REPORT))
    for one in (*told["report"]["signatures"], *told["report"]["timestamps"]):
        for name in ("checks", "qualification", "certificates", "is_one_shot", "is_short_term"):
            one.pop(name, None)
    read = parse_report(render_canonical(told))
    assert read.checks == {"Signature_Membre": {}}
    assert read.report.signatures[0].qualification is None


def test_what_is_no_report_is_broken_evidence() -> None:
    with pytest.raises(EvidenceBroken):
        parse_report(render_canonical({"report": {"signatures": [], "timestamps": []}}))
