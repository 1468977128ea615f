"""The third reader against a real EU DSS behind its REST interface, and against services that answer anything."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from contreseing.clock import SystemClock
from contreseing.trials import try_third_reader
from conventions.errors import UpstreamUnavailable
from conventions.kinds import MEMBER_FIELD, SYNDICATE_FIELD
from conventions.signatures import ExpectedSigner, Indication, PadesLevel, SignedFile
from signing.adapter import PadesSigning
from signing.dss_service import READER, DssReader
from signing.outside import HttpTimeouts
from tests.contract.signing.running import RunningPki
from tests.dss import running_dss
from tests.unit.signing.attacks import ATTACKS, attacked
from tests.unit.signing.material import BOTH, prepared_pdf


@pytest.fixture(scope="module")
def reader(pki: RunningPki) -> Iterator[DssReader]:
    with running_dss(pki.folder / "root.pem") as address:
        asked = DssReader(f"{address}/", SystemClock())
        yield asked
        asked.close()


@pytest.mark.needs_tool("dss")
class TestRealService:
    """What DSS finds, compared with what should be."""

    def test_a_completed_file_is_accepted(self, reader: DssReader, signing: PadesSigning, countersigned: SignedFile) -> None:
        report, first = reader.validate(countersigned.data, BOTH), signing.validate(countersigned.data, BOTH)
        assert (report.reader, report.valid, report.level, report.reasons) == (READER, True, PadesLevel.B_LTA, ())
        assert [(one.field, one.signer, one.organization_identifier) for one in report.signatures] == [
            (one.field, one.signer, one.organization_identifier) for one in first.signatures
        ]
        assert [one.certificates for one in report.signatures] == [one.certificates for one in first.signatures]
        assert {(one.kind, one.field) for one in report.timestamps} == {(one.kind, one.field) for one in first.timestamps}
        assert report.data_sha256 is None

    def test_a_missing_or_unexpected_signature_is_said(
        self, reader: DssReader, member_signed: SignedFile, countersigned: SignedFile
    ) -> None:
        assert f"{SYNDICATE_FIELD}: signature missing" in reader.validate(member_signed.data, BOTH).reasons
        assert f"{SYNDICATE_FIELD}: signature by nobody expected" in reader.validate(countersigned.data, BOTH[:1]).reasons

    def test_another_person_or_certificate_than_expected_is_refused(self, reader: DssReader, countersigned: SignedFile) -> None:
        member, syndicate = BOTH
        swapped = [ExpectedSigner(syndicate.identity, MEMBER_FIELD), ExpectedSigner(member.identity, SYNDICATE_FIELD)]
        report = reader.validate(countersigned.data, swapped)
        assert len(report.reasons) == 2
        assert not report.valid
        other = ExpectedSigner(member.identity, MEMBER_FIELD, "0" * 64)
        assert any("not the one that was accepted" in one for one in reader.validate(countersigned.data, [other, syndicate]).reasons)

    def test_a_changed_byte_is_refused(self, reader: DssReader, countersigned: SignedFile) -> None:
        altered = bytearray(countersigned.data)
        altered[altered.index(b"/BaseFont") + 2] ^= 1
        report = reader.validate(bytes(altered), BOTH)
        assert not report.valid
        assert Indication.TOTAL_FAILED in {one.indication for one in report.signatures}

    @pytest.mark.sampled(one_in=8)
    @pytest.mark.parametrize("name", sorted(ATTACKS))
    def test_no_attack_is_accepted(self, reader: DssReader, countersigned: SignedFile, name: str) -> None:
        try:
            is_accepted = reader.validate(attacked(countersigned.data, ATTACKS[name]), BOTH).valid
        except UpstreamUnavailable:  # DSS cannot open it
            is_accepted = False
        assert not is_accepted

    def test_the_doctor_has_it_read_a_blank_page(self, pki: RunningPki) -> None:
        with running_dss(pki.folder / "root.pem") as address:
            asked: Any = SimpleNamespace(dss_url=address, dss_token=None)
            assert try_third_reader(asked) == "une page blanche lue, sans signature"
        with pytest.raises(UpstreamUnavailable):
            try_third_reader(asked)

    def test_a_file_without_signature_counts_none_and_is_refused(self, reader: DssReader) -> None:
        assert reader.count_signatures(prepared_pdf()) == 0
        assert not reader.validate(prepared_pdf(), BOTH).valid


ANSWERS = {
    "not json": (200, b"<html>"),
    "a list": (200, b"[]"),
    "nothing": (200, b"{}"),
    "deep": (200, b"[" * 100_000),
    "other shape": (200, b'{"SimpleReport": {"signatureOrTimestampOrEvidenceRecord": [1], "SignaturesCount": "x"}, "DiagnosticData": 3}'),
    "unauthorised": (401, b""),
    "moved": (302, b""),
    "fault": (500, b'{"message": "not PDF compatible"}'),
}


class Oddity:
    """A web server that answers one thing, and keeps the headers it got."""

    def __init__(self, status: int, body: bytes) -> None:
        self.headers = headers = dict[str, str]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                headers.update(self.headers.items())
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_request(self, code: object = "-", size: object = "-") -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.mark.parametrize(("status", "body"), ANSWERS.values(), ids=ANSWERS.keys())
def test_whatever_is_not_a_report_decides_nothing_and_is_tried_again(status: int, body: bytes) -> None:
    service = Oddity(status, body)
    reader = DssReader(service.address, SystemClock(), "jeton")
    try:
        for ask in (lambda: reader.validate(b"%PDF-", BOTH), lambda: reader.count_signatures(b"%PDF-")):
            with pytest.raises(UpstreamUnavailable) as told:
                ask()
            assert told.value.retryable
            assert "jeton" not in str(told.value)
        assert service.headers["Authorization"] == "Bearer jeton"
    finally:
        reader.close()
        service.server.shutdown()
        service.server.server_close()


def test_a_service_that_is_away_decides_nothing() -> None:
    reader = DssReader("http://127.0.0.1:9", SystemClock(), timeouts=HttpTimeouts(1.0, 2.0))
    with pytest.raises(UpstreamUnavailable):
        reader.validate(b"%PDF-", BOTH)
    reader.close()
