"""The second opinion: what it accepts, what it refuses, and faults that one reader alone sees."""

from __future__ import annotations

import ast
import dataclasses
import itertools
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from conventions.kinds import MEMBER_FIELD, SYNDICATE_FIELD, TIMESTAMP_FIELDS, Party
from conventions.signatures import ExpectedSigner, PadesLevel, SignedFile
from signing.adapter import PadesSigning
from signing.pki.directory import open_pki
from signing.revisions import open_revision, prepare_timestamp
from signing.security_store import store_content
from tests.contract.signing.bad_authority import bad_authority
from tests.contract.signing.running import RunningPki
from tests.contract.signing.test_attacks import sign_field
from tests.contract.signing.test_pades_signing import STRANGERS
from tests.tools import ROOT
from tests.unit.signing.attacks import ATTACKS, attacked
from tests.unit.signing.material import BOTH, MEMBER, member_request, prepared_pdf

JUNK = "junk among the certificates"


def test_both_readers_agree_on_our_files(signing: PadesSigning, member_signed: SignedFile, countersigned: SignedFile) -> None:
    for data, expected in ((member_signed.data, BOTH[:1]), (countersigned.data, BOTH), (signing.restamp(countersigned.data).data, BOTH)):
        first, second = signing.validate(data, expected), signing.second_opinion(data, expected)
        assert (first.valid, second.valid) == (True, True), (first.reasons, second.reasons)
        assert first.reader != second.reader
        for one, other in zip(first.signatures, second.signatures, strict=True):
            assert replace(one, certificates=(), qualification=None) == other  # which the second reader does not tell
        assert {(one.field, one.at) for one in first.timestamps} == {(one.field, one.at) for one in second.timestamps}
        assert (first.sha256, first.data_sha256, first.level) == (second.sha256, second.data_sha256, PadesLevel.B_LTA)


@pytest.mark.parametrize("name", STRANGERS.keys())
def test_it_refuses_a_valid_signature_by_somebody_else(signing: PadesSigning, member_signed: SignedFile, name: str) -> None:
    report = signing.second_opinion(member_signed.data, [ExpectedSigner(STRANGERS[name], MEMBER_FIELD)])
    assert not report.valid
    assert all(reason.startswith(f"{MEMBER_FIELD}: signer.") for reason in report.reasons)


def test_it_refuses_a_members_certificate_in_the_vice_presidents_field(signing: PadesSigning, member_signed: SignedFile) -> None:
    report = signing.second_opinion(sign_field(signing, member_signed.data, SYNDICATE_FIELD).data, BOTH)
    assert {reason.split(": ")[1] for reason in report.reasons} >= {"signer.issuer", "signer.policy", "signer.person"}


def test_it_wants_everybody_and_nobody_else(signing: PadesSigning, member_signed: SignedFile, countersigned: SignedFile) -> None:
    assert f"{SYNDICATE_FIELD}: signature missing" in signing.second_opinion(member_signed.data, BOTH).reasons
    assert f"{SYNDICATE_FIELD}: signature by nobody expected" in signing.second_opinion(countersigned.data, BOTH[:1]).reasons


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_it_refuses_what_follows_the_last_timestamp(signing: PadesSigning, countersigned: SignedFile, name: str) -> None:
    assert not signing.second_opinion(attacked(countersigned.data, ATTACKS[name]), BOTH).valid


@pytest.mark.parametrize("name", sorted(ATTACKS.keys() - {JUNK}))
def test_it_refuses_what_is_slipped_in_before_the_second_signature(signing: PadesSigning, member_signed: SignedFile, name: str) -> None:
    changed = sign_field(signing, attacked(member_signed.data, ATTACKS[name]), SYNDICATE_FIELD).data
    report = signing.second_opinion(changed, BOTH)
    assert (report.valid, report.reasons[0].partition(":")[0]) == (False, "structure.changes")


def test_an_object_that_nothing_names_is_seen_by_the_first_reader_alone(signing: PadesSigning, countersigned: SignedFile) -> None:
    """It comes in the revision of a time-stamp, so that everything after the last signature is covered."""

    async def stamp() -> bytes:
        writer = open_revision(countersigned.data)
        ATTACKS["an object that nothing names"](writer)
        pending = prepare_timestamp(writer, TIMESTAMP_FIELDS[2], store_content(), 8_000)
        return pending.complete((await signing._engine.stamp(pending.digest)).der)

    changed = signing._outside.run(stamp())
    first, second = signing.validate(changed, BOTH), signing.second_opinion(changed, BOTH)
    assert (first.valid, second.valid) == (False, True), second.reasons
    assert [reason.partition(":")[0] for reason in first.reasons] == ["changes"]


def test_what_fills_the_room_of_the_last_timestamp_is_refused(signing: PadesSigning, member_signed: SignedFile) -> None:
    at = member_signed.data.rindex(b"00000000>")
    report = signing.second_opinion(member_signed.data[:at] + b"5" + member_signed.data[at + 1 :], BOTH[:1])
    assert (report.valid, report.reasons[0].partition(":")[0]) == (False, "structure.padding")


def test_an_archive_stamp_before_the_signatures_is_seen_by_the_second_reader_alone(pki: RunningPki) -> None:
    """Within the five seconds that clocks may differ, an authority stamps the signature after what archives it."""
    opened = open_pki(pki.folder)
    shifts = itertools.cycle([timedelta(0), timedelta(seconds=3), timedelta(seconds=-3)])
    prepared = prepared_pdf()
    with bad_authority(lambda request: (200, opened.timestamps.render_response(request, datetime.now(UTC) + next(shifts)))) as address:
        adapter = pki.adapter([address])
        try:
            signed = adapter.sign_for_member(prepared, member_request(prepared))
            assert adapter.validate(signed.data, BOTH[:1]).valid
            report = adapter.second_opinion(signed.data, BOTH[:1])
        finally:
            adapter.close()
    assert (report.valid, report.reasons[0].partition(":")[0]) == (False, "signature.order")


def test_an_altered_byte_is_refused(signing: PadesSigning, countersigned: SignedFile) -> None:
    data = countersigned.data
    for position in range(10, len(data) - 9_000, len(data) // 29):
        altered = bytearray(data)
        altered[position] ^= 1
        assert not signing.second_opinion(bytes(altered), BOTH).valid, position


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"\x00" * 99, prepared_pdf()], ids=["empty", "head only", "zeros", "unsigned"])
def test_what_is_not_signed_is_a_report_that_says_so(signing: PadesSigning, data: bytes) -> None:
    report = signing.second_opinion(data, BOTH)
    assert (report.valid, report.level, report.signatures) == (False, None, ())
    assert report.reasons[0].startswith("structure.")


def test_anybody_of_the_right_name_on_the_wrong_side_is_refused(signing: PadesSigning, countersigned: SignedFile) -> None:
    swapped = [ExpectedSigner(dataclasses.replace(MEMBER, party=Party.SYNDICATE), SYNDICATE_FIELD), BOTH[0]]
    assert not signing.second_opinion(countersigned.data, swapped).valid


def test_it_shares_nothing_with_the_library_of_the_first() -> None:
    program = "import sys, signing.second_reader; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "pypdf" in loaded
    assert not {"pyhanko", "pyhanko_certvalidator", "asn1crypto"} & set(ast.literal_eval(loaded))
