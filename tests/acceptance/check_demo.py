"""What ``make demo`` leaves in ``demo/out``, judged from outside: its summary, its files, and programs that are not ours.

Run by ``make accept`` after ``make demo``; not collected with the suite.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.tools import JUDGES_JAR, ROOT

OUT = ROOT / "demo" / "out"
SERVICES = {
    "portail", "marches", "actes", "pes", "fichiers", "parapheur", "convocations", "ged", "sae", "factures", "opendata", "accompagnement",
}  # fmt: skip
MEMBERS_BY_CATEGORY = {"region": 1, "department": 4, "epci": 59}
TOTAL_CONTRIBUTION_EUR = 940_000
SUMMARY_KEYS = {"total_contribution_eur", "stages", "agreements"}
AGREEMENT_KEYS = {
    "reference", "member", "category", "contribution_eur", "status", "file", "sha256", "level", "archive_key", "retain_until", "services",
    "services_pending",
}  # fmt: skip


@dataclass(frozen=True)
class Agreement:
    """One line of the summary."""

    reference: str
    member: str
    category: str
    contribution_eur: int
    status: str
    file: str | None
    sha256: str | None
    level: str | None
    archive_key: str | None
    retain_until: str | None
    services: list[str]
    services_pending: list[str]

    @property
    def path(self) -> Path:
        """Where the file read back from the archive stands."""
        assert self.file is not None, self.reference
        return OUT / self.file

    @property
    def prepared(self) -> Path:
        """Where the file stands as the member received it."""
        return OUT / "prepared" / f"{self.reference}.pdf"


@pytest.fixture(scope="module")
def summary() -> dict[str, object]:
    loaded = json.loads((OUT / "summary.json").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="module")
def agreements(summary: dict[str, object]) -> list[Agreement]:
    lines = summary["agreements"]
    assert isinstance(lines, list)
    assert all(set(line) == AGREEMENT_KEYS for line in lines)
    return [Agreement(**line) for line in lines]


@pytest.fixture(scope="module")
def active(agreements: list[Agreement]) -> list[Agreement]:
    return [agreement for agreement in agreements if agreement.status == "active"]


@pytest.fixture(scope="module")
def argument_file(active: list[Agreement], tmp_path_factory: pytest.TempPathFactory) -> str:
    """List the 63 files for the judges, in their ``@file`` form."""
    listed = tmp_path_factory.mktemp("judges") / "files.txt"
    listed.write_text("".join(f'"{agreement.path}"\n' for agreement in active), encoding="utf-8")
    return f"@{listed}"


def judge(*arguments: str) -> list[dict[str, object]]:
    """Run the judges' jar; one finding a file, refused files first in the failure's message."""
    command = ["java", "-Xmx1g", "-XX:+UseSerialGC", "-jar", str(JUDGES_JAR), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    refused = [finding for finding in findings if not finding["passed"]]
    assert done.returncode == 0, f"{len(refused)} of {len(findings)} refused; the first: {refused[:1]}\n{done.stderr[-2000:]}"
    return findings


def test_summary_has_the_published_form(summary: dict[str, object]) -> None:
    assert set(summary) == SUMMARY_KEYS
    stages = summary["stages"]
    assert isinstance(stages, list)
    assert stages
    assert all(set(stage) == {"name", "seconds", "count"} for stage in stages)


def test_64_agreements_of_which_63_are_active_and_one_waits_for_its_member(agreements: list[Agreement]) -> None:
    assert Counter(agreement.status for agreement in agreements) == {"active": 63, "awaiting_member": 1}
    assert len({agreement.reference for agreement in agreements}) == 64
    assert all(re.fullmatch(r"\d{4}-\d{4}", agreement.reference) for agreement in agreements)
    assert Counter(agreement.category for agreement in agreements) == MEMBERS_BY_CATEGORY


def test_contributions_add_up(summary: dict[str, object], agreements: list[Agreement]) -> None:
    assert summary["total_contribution_eur"] == TOTAL_CONTRIBUTION_EUR
    assert sum(agreement.contribution_eur for agreement in agreements) == TOTAL_CONTRIBUTION_EUR


def test_the_waiting_agreement_has_neither_file_nor_service(agreements: list[Agreement]) -> None:
    (waiting,) = (agreement for agreement in agreements if agreement.status == "awaiting_member")
    assert (waiting.file, waiting.sha256, waiting.level, waiting.archive_key) == (None, None, None, None)
    assert waiting.services == []
    assert not (OUT / "conventions" / f"{waiting.reference}.pdf").exists()


def test_files_are_those_of_the_summary_at_level_b_lta(active: list[Agreement]) -> None:
    for agreement in active:
        assert agreement.level == "B-LTA", agreement.reference
        assert agreement.file == f"conventions/{agreement.reference}.pdf"
        assert hashlib.sha256(agreement.path.read_bytes()).hexdigest() == agreement.sha256, agreement.reference
    assert len(list((OUT / "conventions").iterdir())) == len(active)


def test_signed_file_begins_with_the_very_bytes_the_member_received(agreements: list[Agreement], active: list[Agreement]) -> None:
    assert all(agreement.prepared.read_bytes().startswith(b"%PDF-") for agreement in agreements)
    for agreement in active:
        assert agreement.path.read_bytes().startswith(agreement.prepared.read_bytes()), agreement.reference


def test_archive_keys_hold_the_digest_and_the_lock_is_ahead(active: list[Agreement]) -> None:
    now = datetime.now(UTC)
    for agreement in active:
        assert agreement.archive_key is not None
        assert agreement.sha256 is not None
        assert re.fullmatch(rf"agreements/{agreement.reference}/\d+-[a-z0-9_]+-{agreement.sha256}", agreement.archive_key)
        assert agreement.retain_until is not None
        assert datetime.fromisoformat(agreement.retain_until) > now, agreement.reference


def test_twelve_services_are_on_or_pending_and_the_archive_service_waits(active: list[Agreement]) -> None:
    for agreement in active:
        assert sorted(agreement.services + agreement.services_pending) == sorted(SERVICES), agreement.reference
        assert agreement.services_pending == ["sae"], agreement.reference


def test_activations_were_received_for_active_agreements_alone(active: list[Agreement]) -> None:
    received = [json.loads(line) for line in (OUT / "activations.jsonl").read_text(encoding="utf-8").splitlines()]
    named = Counter(reference for line in received for reference in set(re.findall(r"\b\d{4}-\d{4}\b", json.dumps(line))))
    assert named.keys() == {agreement.reference for agreement in active}
    assert all(named[agreement.reference] >= len(agreement.services) for agreement in active)


@pytest.mark.needs_tool("poppler")
def test_pdfsig_finds_both_signatures_valid(active: list[Agreement]) -> None:
    for agreement in active:
        said = subprocess.run(["pdfsig", str(agreement.path)], capture_output=True, text=True, timeout=60, check=False).stdout
        assert said.count("Signature is Valid") == 2, f"{agreement.reference}\n{said}"


@pytest.mark.needs_tool("qpdf")
def test_qpdf_finds_nothing_wrong(active: list[Agreement]) -> None:
    for agreement in active:
        done = subprocess.run(["qpdf", "--check", str(agreement.path)], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{agreement.reference}\n{done.stdout}{done.stderr}"


@pytest.mark.needs_tool("judges")
@pytest.mark.timeout(600)
def test_verapdf_finds_pdf_a_3a_and_pdf_ua_1(active: list[Agreement], argument_file: str) -> None:
    assert len(judge("vera", "--flavour", "3a,ua1", "--json", argument_file)) == len(active)


@pytest.mark.needs_tool("judges")
@pytest.mark.timeout(600)
def test_eu_dss_finds_every_signature_at_lta_under_our_root_alone(active: list[Agreement], argument_file: str) -> None:
    root = str(OUT / "trust" / "root.pem")
    options = ["--trust", root, "--signatures", "2", "--level", "LTA", "--sealed", "--json"]
    assert len(judge("dss", *options, "--compare-pages", "0", argument_file)) == len(active)
    assert len(judge("dss", *options, "--compare-pages", "50", str(active[0].path))) == 1
