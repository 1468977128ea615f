"""The validation report kept with an archived file, read back: the verdict in one line, then what the reader told of each check."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from conventions.plain import restored
from conventions.qualification import answer_of
from conventions.signatures import Check, Outcome, SignatureFinding, TimestampFinding, ValidationReport
from conventions.verdicts import verdict
from conventions.verification import FileVerification

Finding = TypeVar("Finding", SignatureFinding, TimestampFinding)
PUBLISHED_APART = ("qualification", "checks")


@dataclass(frozen=True)
class ReadReport:
    """One reader's report, and the outcome of each check by the field of its signature; none in reports of before they were told."""

    report: ValidationReport
    checks: Mapping[str, Mapping[Check, Outcome]]

    def line(self, verifiable_until: datetime | None) -> str:
        """Tell it in one line, as a secretary reads it."""
        report = self.report
        found = FileVerification(
            sha256=report.sha256,
            at=report.validated_at,
            is_valid=report.valid,
            level=report.level,
            signatures=report.signatures,
            timestamps=report.timestamps,
            verifiable_until=verifiable_until,
            reasons=report.reasons,
        )
        return verdict(found)


def parse_report(data: bytes) -> ReadReport:
    """Read a report as ``archive`` rendered it (JSON).

    Raises:
        EvidenceBroken: it is not such a report.
    """
    told = json.loads(data)["report"]
    signatures, timestamps = told["signatures"], told["timestamps"]
    report = restored(ValidationReport, {**told, "signatures": _bare(signatures), "timestamps": _bare(timestamps)})
    report = replace(
        report,
        signatures=tuple(_answered(one, said) for one, said in zip(report.signatures, signatures, strict=True)),
        timestamps=tuple(_answered(one, said) for one, said in zip(report.timestamps, timestamps, strict=True)),
    )
    checks = {one["field"]: {Check(name): Outcome(became) for name, became in one.get("checks", {}).items()} for one in signatures}
    return ReadReport(report, checks)


def _bare(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in one.items() if name not in PUBLISHED_APART} for one in findings]


def _answered(finding: Finding, said: Mapping[str, Any]) -> Finding:
    answer = said.get("qualification")
    return finding if answer is None else replace(finding, qualification=answer_of(answer))
