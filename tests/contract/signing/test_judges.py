"""What programs that are not ours say of our files: EU DSS, veraPDF, poppler, qpdf and openssl, on the real tagged document."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path

import pytest

from conventions.kinds import MEMBER_FIELD, SYNDICATE_FIELD
from documents.adapter import ReportlabDocuments
from tests.builders import example_terms
from tests.contract.signing.running import RunningPki
from tests.tools import JUDGES_JAR
from tests.unit.signing.material import BOTH, countersigned, member_request

pytestmark = pytest.mark.timeout(300)


@dataclasses.dataclass(frozen=True)
class Files:
    """One agreement at its three stages, and the root."""

    prepared: Path
    member_signed: Path
    countersigned: Path
    root: Path


@pytest.fixture(scope="module")
def files(pki: RunningPki, tmp_path_factory: pytest.TempPathFactory) -> Files:
    documents = ReportlabDocuments()
    terms = example_terms()
    terms = dataclasses.replace(terms, wording_sha256=documents.wording_sha256(terms.wording_id))
    folder = tmp_path_factory.mktemp("judged")
    signing = pki.adapter(render_stamp=documents.render_stamp)
    try:
        prepared = documents.render_agreement(terms).data
        member = signing.sign_for_member(prepared, member_request(prepared)).data
        whole = countersigned(signing, member)
        assert signing.validate(whole, BOTH).valid
    finally:
        signing.close()
    made = Files(folder / "prepared.pdf", folder / "member.pdf", folder / "countersigned.pdf", pki.folder / "root.pem")
    for path, data in ((made.prepared, prepared), (made.member_signed, member), (made.countersigned, whole)):
        path.write_bytes(data)
    return made


def judge(*arguments: str) -> list[dict[str, object]]:
    command = ["java", "-Xmx1g", "-jar", str(JUDGES_JAR), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.stdout, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.needs_tool("judges")
@pytest.mark.sampled(one_in=2)
@pytest.mark.parametrize(("stage", "signatures"), [("member_signed", 1), ("countersigned", 2)])
def test_eu_dss_passes_every_signature_at_b_lta_without_a_warning(files: Files, stage: str, signatures: int) -> None:
    asked = ("--json", "--trust", str(files.root), "--signatures", str(signatures), "--level", "LTA", "--sealed", "--compare-pages", "0")
    (verdict,) = judge("dss", *asked, str(getattr(files, stage)))
    assert verdict["passed"], verdict["shortfalls"]
    for one in verdict["signatures"]:  # type: ignore[attr-defined]
        assert (one["indication"], one["level"], one["errors"], one["warnings"]) == ("TOTAL_PASSED", "PAdES-BASELINE-LTA", [], [])


@pytest.mark.needs_tool("judges")
@pytest.mark.left_to_ci("every day tests/interop/documents has two kinds judged, signed and renewed")
def test_verapdf_finds_pdf_a_and_pdf_ua_at_every_stage(files: Files) -> None:
    stages = (files.prepared, files.member_signed, files.countersigned)
    for verdict in judge("vera", "--json", "--flavour", "3a,ua1", *(str(path) for path in stages)):
        assert verdict["passed"], verdict["flavours"]


@pytest.mark.needs_tool("poppler")
def test_poppler_says_signature_is_valid_twice(files: Files) -> None:
    said = subprocess.run(["pdfsig", "-nocert", str(files.countersigned)], capture_output=True, text=True, check=False).stdout
    assert said.count("Signature Validation: Signature is Valid.") == 2
    for field in (MEMBER_FIELD, SYNDICATE_FIELD):
        assert f"Signature Field Name: {field}" in said
    assert said.count("Signature Type: ETSI.CAdES.detached") == 2


@pytest.mark.needs_tool("qpdf")
def test_qpdf_finds_no_fault_in_the_structure(files: Files) -> None:
    for path in (files.member_signed, files.countersigned):
        done = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs_tool("poppler")
def test_both_stamps_are_seen_on_the_page(files: Files) -> None:
    text = subprocess.run(["pdftotext", "-layout", str(files.countersigned), "-"], capture_output=True, text=True, check=True).stdout
    assert text.count("Signé électroniquement") == 2
    assert "(heure de Paris" in text
