"""Every change of the corpus is refused: after the last time-stamp, and slipped in between the two signatures."""

from __future__ import annotations

import io

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from conventions.errors import SigningFailed
from conventions.kinds import SYNDICATE_FIELD
from conventions.signatures import SignedFile
from signing.adapter import PadesSigning
from signing.changes import explain_revision
from signing.engine import Task
from signing.keys import OneShotKey
from tests.unit.signing.attacks import ATTACKS, Attack, attacked
from tests.unit.signing.material import BOTH, MEMBER, OTHER_MEMBER

pytestmark = pytest.mark.sampled(one_in=3)


def sign_field(signing: PadesSigning, data: bytes, field: str) -> SignedFile:
    """Sign any field of any bytes with a member's certificate, and archive-stamp it."""

    async def work() -> SignedFile:
        key = OneShotKey()
        certificate = await signing._pki.issue_member(key.render_request(), OTHER_MEMBER, "2026-0015")
        session = await signing._engine.open_session(key.certified(certificate))
        (outcome,) = await signing._engine.sign_all(session, [Task(data, field, "", signing._stamps(MEMBER, ""))])
        if not isinstance(outcome, SignedFile):
            raise outcome
        return outcome

    return signing._outside.run(work())


def test_what_we_write_is_explained_revision_by_revision(countersigned: SignedFile) -> None:
    reader = PdfFileReader(io.BytesIO(countersigned.data))
    explained = [explain_revision(reader, revision) for revision in range(2, reader.xrefs.total_revisions)]
    assert explained == ["Signature_Membre", "Horodatage_01", "Signature_VP", "Horodatage_02"]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_change_after_the_last_timestamp_is_refused(signing: PadesSigning, countersigned: SignedFile, attack: Attack) -> None:
    changed = attacked(countersigned.data, attack)
    assert changed.startswith(countersigned.data)
    reader = PdfFileReader(io.BytesIO(changed))
    assert explain_revision(reader, reader.xrefs.total_revisions - 1) is None
    report = signing.validate(changed, BOTH)
    assert not report.valid
    assert any(reason.startswith(("sealed:", "format:")) for reason in report.reasons)


def test_junk_among_the_certificates_stops_the_next_signature(signing: PadesSigning, member_signed: SignedFile) -> None:
    with pytest.raises(SigningFailed):
        sign_field(signing, attacked(member_signed.data, ATTACKS["junk among the certificates"]), SYNDICATE_FIELD)


@pytest.mark.parametrize("name", sorted(ATTACKS.keys() - {"junk among the certificates"}))
def test_a_change_slipped_in_before_the_second_signature_is_refused(signing: PadesSigning, member_signed: SignedFile, name: str) -> None:
    changed = sign_field(signing, attacked(member_signed.data, ATTACKS[name]), SYNDICATE_FIELD)
    report = signing.validate(changed.data, BOTH)
    assert not report.valid
    assert any(reason.startswith("changes:") for reason in report.reasons)


def test_a_third_signature_is_refused(signing: PadesSigning, countersigned: SignedFile) -> None:
    changed = sign_field(signing, attacked(countersigned.data, ATTACKS["a field of another name"]), "Intrus")
    report = signing.validate(changed.data, BOTH)
    assert not report.valid
    assert "Intrus: signature by nobody expected" in report.reasons


def test_an_earlier_stage_is_not_taken_for_the_whole(signing: PadesSigning, member_signed: SignedFile, countersigned: SignedFile) -> None:
    rolled_back = countersigned.data[: len(member_signed.data)]
    assert signing.validate(rolled_back, BOTH[:1]).valid
    assert not signing.validate(rolled_back, BOTH).valid
