"""veraPDF judges every kind of document that we issue, and finds each rule broken on purpose, by its clause."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from documents.adapter import ReportlabDocuments
from documents.pdf.stationery import Stationery, make_stationery
from documents.preview import KINDS, newest_bundled, preview_wording
from tests.interop.documents.breaks import broken, broken_files
from tests.interop.documents.short_document import render_short
from tests.tools import JUDGES_JAR, in_ci
from tests.unit.documents.test_ceremony_report import example_report
from tests.unit.documents.test_stationery import png, svg

pytestmark = [pytest.mark.needs_tool("judges"), pytest.mark.timeout(400)]
CONTROLS_AT_LEAST = 56
ONE_IN = 1 if in_ci() else 8
"""veraPDF takes a second a file on one core: a sample outside CI, of every eighth."""
in_part = pytest.mark.sampled(f"one file in {ONE_IN}")


@dataclass(frozen=True)
class Verdict:
    """What veraPDF says of a file: whether it passes, and the clauses broken of each standard."""

    passed: bool
    clauses: Mapping[str, frozenset[str]]


def judged(files: Mapping[str, bytes], folder: Path) -> dict[str, Verdict]:
    """Give files to veraPDF, all in one call."""
    for name, data in files.items():
        (folder / f"{name}.pdf").write_bytes(data)
    command = ["java", "-jar", str(JUDGES_JAR), "vera", "--flavour", "3a,ua1", "--json", *map(str, sorted(folder.glob("*.pdf")))]
    lines = subprocess.run(command, check=False, capture_output=True, text=True, timeout=380).stdout.splitlines()
    verdicts = {}
    for said in map(json.loads, lines):
        assert "error" not in said, said
        clauses = {one["flavour"]: frozenset(failure["rule"] for failure in one["failures"]) for one in said["flavours"]}
        verdicts[Path(said["file"]).stem] = Verdict(said["passed"], clauses)
    assert sorted(verdicts) == sorted(files)
    return verdicts


@in_part
def test_every_kind_conforms_with_any_letterhead(tmp_path: Path) -> None:
    letterheads = {
        "plain": Stationery(),
        "png": make_stationery(logo=png(), colour="#7a1f3d", name="Nom usuel", address="1 quai Fictif\n29000 Port-Fictif"),
        "svg": make_stationery(logo=svg('<circle cx="25" cy="25" r="20" fill="#7a1f3d"/>'), colour="#004080", tint="#eef4ff"),
    }
    wanted = [(kind, name) for kind in KINDS for name in letterheads]
    assert len(wanted) == 7 * 3
    files = {
        f"{kind}-{name}": preview_wording(newest_bundled(kind).read_bytes(), kind, kind, stationery=letterheads[name]).rendered.data
        for kind, name in wanted[::ONE_IN]
    }
    assert {name: verdict.clauses for name, verdict in judged(files, tmp_path).items() if not verdict.passed} == {}


def test_the_report_of_a_ceremony_conforms(tmp_path: Path) -> None:
    (verdict,) = judged({"report": ReportlabDocuments().render_ceremony_report(example_report())}, tmp_path).values()
    assert (verdict.passed, verdict.clauses) == (True, dict.fromkeys(verdict.clauses, frozenset()))


@in_part
def test_every_rule_broken_on_purpose_is_caught(tmp_path: Path) -> None:
    files = list(broken_files())
    assert len(files) >= CONTROLS_AT_LEAST
    expected = {name: (flavour, clause) for name, flavour, clause, _ in files}
    verdicts = judged({name: data for name, _, _, data in files[::ONE_IN]}, tmp_path)
    missed = {name: expected[name] for name, verdict in verdicts.items() if expected[name][1] not in verdict.clauses[expected[name][0]]}
    assert missed == {}


def test_what_is_not_broken_passes(tmp_path: Path) -> None:
    short = render_short()
    verdicts = judged({"short": short, "copy": broken(short, lambda _: None)}, tmp_path)
    assert all(verdict.passed for verdict in verdicts.values())
