"""What a ceremony's report says of the whole list."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta

from conventions.ceremony_report import CeremonyReport, ReportedDelegation, ReportedItem
from conventions.kinds import Kind
from conventions.signatures import SealedManifest
from tests.builders import example_delegation, example_syndicate

AT = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
LINE = ReportedItem("2026-0001", Kind.CONVENTION, "Abers-Fictifs", 13_000, "13 000,00 €", "00" * 32, "in_table", (), AT, "11" * 32, None)


def test_models_are_told_once_each_and_amounts_of_what_was_countersigned() -> None:
    read = [dataclasses.replace(LINE, model_sha256=model) for model in ("bb" * 32, "aa" * 32, "bb" * 32)]
    late = dataclasses.replace(LINE, countersigned_at=None, sealed_sha256=None, failure="L’autorisation a expiré.")
    report = CeremonyReport(
        id="seance-1",
        syndicate=example_syndicate(),
        person=example_delegation().holder,
        delegation=ReportedDelegation("2025-A-07", date(2025, 9, 15), date(2030, 12, 31)),
        at=AT,
        expires_at=AT + timedelta(minutes=30),
        established_at=AT,
        sealed=SealedManifest(b"{}", b"0\x80", b"0\x81", AT),
        items=(LINE, *read, late),
        demonstration=True,
    )
    assert report.models_read == ("aa" * 32, "bb" * 32)
    assert report.total_eur == 4 * 13_000
