"""Trusted lists fetched over HTTP from a made-up operator, and what a file of ours is then told to be worth."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from contreseing.cli import app
from contreseing.clock import SystemClock
from conventions.errors import ConfigurationError, EvidenceBroken, UpstreamUnavailable
from conventions.qualification import ListsState, QualifiedWhy
from conventions.signatures import SignedFile
from signing.adapter import PadesSigning
from signing.list_refresh import ListFolder
from signing.qualifying import Qualifier
from signing.trusted_lists import ListSigners, TrustedLists
from signing.verify import FileVerifier
from signing.verify_process import LimitedVerifier
from tests.contract.signing.running import RunningPki
from tests.unit.signing.list_operator import QTST, Operator, Service, list_of_lists, national_list

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
EU, FRANCE, STRANGER = Operator(), Operator(), Operator()


class Source:
    """A web server of lists: bytes by path; what it has not is not found."""

    def __init__(self) -> None:
        files = self.files = dict[str, bytes]()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data = files.get(self.path)
                self.send_response(404 if data is None else 200)
                self.end_headers()
                self.wfile.write(data or b"")

            def log_request(self, code: object = "-", size: object = "-") -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def publish(self, services: list[Service], *, issued: datetime = NOW - DAY, signed_by: Operator = FRANCE) -> None:
        """Publish a list of France and the list of lists that points to it."""
        pointers = [("FR", f"{self.address}/fr.xml", FRANCE.certificate)]
        self.files["/lotl.xml"] = EU.sign(list_of_lists(pointers, issued, NOW + 30 * DAY))
        self.files["/fr.xml"] = signed_by.sign(national_list("FR", services, issued, NOW + 30 * DAY))


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def unit(pki: RunningPki) -> x509.Certificate:
    return x509.load_pem_x509_certificate((pki.folder / "timestamps.pem").read_bytes())


def folder(source: Source, path: Path, *territories: str, signer: Operator = EU) -> ListFolder:
    return ListFolder(path, f"{source.address}/lotl.xml", ListSigners([signer.certificate]), SystemClock(), territories)


def faults(state: ListsState) -> dict[str, str]:
    return {one.territory: one.fault for one in state.lists}


def test_lists_are_fetched_verified_kept_and_said_again(source: Source, tmp_path: Path, unit: x509.Certificate) -> None:
    source.publish([Service(QTST, unit)])
    lists = folder(source, tmp_path / "lists")
    assert lists.state() == ListsState((), None)
    found = lists.refresh()
    assert faults(found) == {"LOTL": "", "FR": ""}
    assert found.refreshed_at is not None
    assert not found.ageing(NOW, DAY)
    assert lists.state() == found
    assert (tmp_path / "lists" / "list-FR.xml").read_bytes() == source.files["/fr.xml"]


def test_what_cannot_be_had_or_is_not_signed_leaves_the_copy_before(source: Source, tmp_path: Path, unit: x509.Certificate) -> None:
    lists = folder(source, tmp_path)
    source.publish([Service(QTST, unit)])
    lists.refresh()
    kept = (tmp_path / "list-FR.xml").read_bytes()

    source.publish([], signed_by=STRANGER)
    assert faults(lists.refresh())["FR"] == "signature refusée"
    del source.files["/fr.xml"]
    assert faults(lists.refresh())["FR"] == "adresse sans réponse"
    source.publish([], issued=NOW - 40 * DAY)
    assert faults(lists.refresh()) == {"LOTL": "plus ancienne que la copie gardée", "FR": "plus ancienne que la copie gardée"}
    source.files.clear()
    assert faults(lists.refresh()) == {"LOTL": "adresse sans réponse", "FR": "adresse sans réponse"}
    assert (tmp_path / "list-FR.xml").read_bytes() == kept
    assert list(tmp_path.glob(".*")) == []


def test_without_a_list_of_lists_nothing_is_kept(source: Source, tmp_path: Path) -> None:
    with pytest.raises(UpstreamUnavailable) as refused:
        folder(source, tmp_path).refresh()
    assert refused.value.code == "lists.unavailable"
    source.publish([])
    with pytest.raises(UpstreamUnavailable):
        folder(source, tmp_path, signer=STRANGER).refresh()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(source: Source, tmp_path: Path) -> None:
    source.publish([])
    (tmp_path / "lists").write_bytes(b"a file")
    with pytest.raises(ConfigurationError) as refused:
        folder(source, tmp_path / "lists").refresh()
    assert refused.value.code == "lists.unwritable"


def test_only_the_territories_asked_for_are_taken_and_others_leave(source: Source, tmp_path: Path) -> None:
    source.publish([])
    folder(source, tmp_path).refresh()
    assert faults(folder(source, tmp_path, "LU").refresh()) == {"LOTL": ""}
    assert not (tmp_path / "list-FR.xml").exists()


def test_a_state_that_is_not_ours_is_told(source: Source, tmp_path: Path) -> None:
    source.publish([])
    (tmp_path / "state.json").write_bytes(b"[]")
    with pytest.raises(EvidenceBroken) as refused:
        folder(source, tmp_path).state()
    assert refused.value.code == "lists.state"
    assert folder(source, tmp_path).refresh().refreshed_at is not None


def test_signers_that_changed_are_found_through_the_pivots_that_are_fetched(source: Source, tmp_path: Path) -> None:
    source.publish([])
    pivot, pointers = f"{source.address}/pivot-1.xml", [("FR", f"{source.address}/fr.xml", FRANCE.certificate)]
    source.files["/pivot-1.xml"] = b"<html>the page of a gate on the way</html>"
    source.files["/lotl.xml"] = STRANGER.sign(list_of_lists(pointers, NOW - DAY, NOW + 30 * DAY, pivots=[pivot]))
    with pytest.raises(UpstreamUnavailable):
        folder(source, tmp_path).refresh()
    source.files["/pivot-1.xml"] = EU.sign(list_of_lists([], NOW - 90 * DAY, NOW, self_signer=STRANGER.certificate))
    assert faults(folder(source, tmp_path).refresh()) == {"LOTL": "", "FR": ""}


def qualifier(path: Path) -> Qualifier:
    return Qualifier(TrustedLists(path, ListSigners([EU.certificate]), SystemClock()))


def test_a_file_is_told_by_whoever_reads_it(
    source: Source, tmp_path: Path, pki: RunningPki, unit: x509.Certificate, countersigned: SignedFile
) -> None:
    source.publish([Service(QTST, unit)])
    folder(source, tmp_path).refresh()
    anchors = [(pki.folder / "root.pem").read_bytes()]
    now = datetime.now(UTC)
    here = FileVerifier(anchors, qualifier(tmp_path)).verify(countersigned.data, now)
    with LimitedVerifier(anchors, qualifier=qualifier(tmp_path)) as limited:
        assert limited.verify(countersigned.data, now) == here
    whys = {one.qualification.why for one in here.timestamps if one.qualification is not None}
    assert whys == {QualifiedWhy.GRANTED}
    assert {one.qualification.why for one in here.signatures if one.qualification} == {QualifiedWhy.NOT_CLAIMED}
    assert all(len(one.certificates) == 3 for one in here.signatures)  # the person's, its CA's, the root's


def test_the_command_refreshes_shows_and_tells(
    source: Source, tmp_path: Path, pki: RunningPki, unit: x509.Certificate, countersigned: SignedFile
) -> None:
    source.publish([Service(QTST, unit)])
    signers, file, lists = tmp_path / "eu.pem", tmp_path / "convention.pdf", tmp_path / "lists"
    signers.write_bytes(EU.certificate.public_bytes(Encoding.PEM))
    file.write_bytes(countersigned.data)
    asked = ["--dir", str(lists), "--url", f"{source.address}/lotl.xml", "--lists-signers", str(signers)]
    assert CliRunner().invoke(app, ["lists", "show", "--dir", str(lists)]).exit_code == 1
    assert CliRunner().invoke(app, ["lists", "refresh", *asked]).exit_code == 0
    shown = CliRunner().invoke(app, ["lists", "show", "--dir", str(lists)])
    assert (shown.exit_code, "FR" in shown.output) == (0, True)
    verify = ["verify", str(file), "--trust", str(pki.folder / "root.pem")]
    told = CliRunner().invoke(app, [*verify, "--lists", str(lists), "--lists-signers", str(signers)])
    assert told.exit_code == 0
    assert "Horodatage qualifié, parce que" in " ".join(told.output.split())
    without = CliRunner().invoke(app, verify)
    assert "Horodatage tenu pour non qualifié" in " ".join(without.output.split())
    assert CliRunner().invoke(app, [*verify, "--lists", str(tmp_path / "nowhere")]).exit_code == 2


def test_the_report_that_is_archived_says_it(signing: PadesSigning, countersigned: SignedFile) -> None:
    report = signing.validate(countersigned.data, [])
    assert {one.qualification.why for one in report.timestamps if one.qualification} == {QualifiedWhy.NO_LIST}
    assert all(one.certificates for one in report.signatures)
    assert all(one.certificates for one in report.timestamps)
    assert not any(one.qualification for one in signing.second_opinion(countersigned.data, []).timestamps)
