"""``docs/interop.md`` says what the judges say today: a sample of its rows, all of them in CI; ``make interop`` writes them anew."""

from __future__ import annotations

import subprocess
import sys

import pytest

from conventions.signatures import PadesLevel
from tests.interop.verdicts.corpora import PLACES, SHORT_TERM
from tests.interop.verdicts.judges import DSS, PDFSIG, QPDF, Stance, Verdict, accepts, refuses
from tests.interop.verdicts.reasons import NONE, REASONS, RULES
from tests.interop.verdicts.table import UNSEALED, explained
from tests.tools import ROOT, in_ci
from tests.unit.signing.attacks import ATTACKS as CHANGES
from tests.vectors.attacks import ATTACKS
from tests.vectors.honest import HONEST

DOCUMENT = ROOT / "docs" / "interop.md"
ONE_IN = 1 if in_ci() else 30


@pytest.mark.needs_tool("judges", "openssl", "poppler", "qpdf", "softhsm")
@pytest.mark.timeout(600)
@pytest.mark.sampled(f"one row in {ONE_IN}, where CI takes all")
def test_the_verdicts_on_record_are_those_of_today() -> None:
    """In a process of its own: a token's library reads its configuration once."""
    command = [sys.executable, "-m", "tests.interop.verdicts", "--check", "--every", str(ONE_IN)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=580)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_of_every_corpus_has_its_row() -> None:
    names = {line.split(" | ")[0].removeprefix("| ") for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| ")}
    levels = {f"level: {place}, {level}" for place in PLACES for level in PadesLevel}
    wanted = {*ATTACKS, *(f"honest: {name}" for name in HONEST), *(f"sealed: {name}" for name in CHANGES), UNSEALED, *levels, *SHORT_TERM}
    assert wanted - names == set()


def test_a_disagreement_without_a_reason_is_a_fault() -> None:
    verdicts = {DSS: accepts("TOTAL_PASSED, B-B"), PDFSIG: refuses("Digest Mismatch"), QPDF: Verdict(Stance.UNDECIDED, "undecided")}
    assert explained("nothing that is known", verdicts, Stance.REFUSES).faults == (
        "nothing that is known: nothing is said of why EU DSS TOTAL_PASSED, B-B",
    )
    assert explained("person: another one", verdicts, Stance.REFUSES).reasons == ("nobody expected", "syntax only")
    assert explained("person: another one", verdicts, Stance.ACCEPTS, [PDFSIG]).faults
    assert len(explained("honest: of another tool", verdicts, Stance.ACCEPTS).faults) == 2


def test_every_rule_names_a_reason_that_is_told() -> None:
    assert {rule.reason for rule in RULES} - {NONE} == set(REASONS)
