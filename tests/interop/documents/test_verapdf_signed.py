"""veraPDF judges every kind of document once complete: after each signature with its data and time-stamps, and after a renewal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader

from conventions.kinds import FIELD_OF, SEAL_FIELD, SIGNERS, TIMESTAMP_FIELDS, Kind, Party
from documents.adapter import ReportlabDocuments
from documents.evidence_example import fictitious_evidence
from documents.examples import fictitious_terms
from signing.adapter import PadesSigning
from tests.contract.signing.running import RunningPki
from tests.interop.documents.test_verapdf import judged
from tests.tools import in_ci
from tests.unit.signing.material import countersigned, member_request

pytestmark = [pytest.mark.needs_tool("judges"), pytest.mark.timeout(400)]
DOCUMENTS = ReportlabDocuments()
JUDGED = tuple(Kind) if in_ci() else (Kind.ORDER_FORM, Kind.ACKNOWLEDGEMENT)
"""All of them in CI; elsewhere one that both parties sign and one that the syndicate signs alone, beside the evidence file."""


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PadesSigning]:
    pki = RunningPki(tmp_path_factory.mktemp("pki") / "pki").start()
    adapter = pki.adapter(render_stamp=DOCUMENTS.render_stamp)
    yield adapter
    adapter.close()
    assert pki.stop() == (0, "")


def stages_of(signing: PadesSigning, kind: Kind) -> Iterator[tuple[str, bytes]]:
    """Yield a kind's file after each signature, and after a renewal of its time-stamp."""
    wording_id = f"{kind}/2026-1"
    data = DOCUMENTS.render_agreement(fictitious_terms(kind, wording_id, DOCUMENTS.wording_sha256(wording_id))).data
    for party in SIGNERS[kind]:
        is_member = party is Party.MEMBER
        data = signing.sign_for_member(data, member_request(data)).data if is_member else countersigned(signing, data)
        yield f"{kind}-{party}", data
    yield f"{kind}-renewed", signing.restamp(data).data


def filled(path: Path) -> list[str]:
    """Name the fields that hold a signature or a time-stamp."""
    fields = PdfReader(path).get_fields() or {}
    return [name for name, field in fields.items() if field.get("/V") is not None]


@pytest.mark.sampled(f"{len(JUDGED)} of {len(Kind)} kinds")
def test_every_kind_conforms_once_signed_and_renewed(signing: PadesSigning, tmp_path: Path) -> None:
    files = {name: data for kind in JUDGED for name, data in stages_of(signing, kind)}
    evidence = signing.seal_evidence(DOCUMENTS.render_evidence_file(fictitious_evidence())).data
    files |= {"evidence-sealed": evidence, "evidence-renewed": signing.restamp(evidence).data}
    verdicts = judged(files, tmp_path)
    assert {name: verdict.clauses for name, verdict in verdicts.items() if not verdict.passed} == {}
    for kind in JUDGED:
        stamps = TIMESTAMP_FIELDS[: len(SIGNERS[kind]) + 1]
        assert set(filled(tmp_path / f"{kind}-renewed.pdf")) == {*(FIELD_OF[party] for party in SIGNERS[kind]), *stamps}
    assert set(filled(tmp_path / "evidence-renewed.pdf")) == {SEAL_FIELD, *TIMESTAMP_FIELDS[:2]}
