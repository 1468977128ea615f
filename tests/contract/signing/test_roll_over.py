"""A PKI after another: what the former one signed stays valid, what it signs later is refused, by both readers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from contreseing.clock import SystemClock
from conventions.errors import ContreseingError, SigningFailed, UpstreamUnavailable, VerificationFailed
from conventions.signatures import FormerAuthorities, Indication, PadesLevel, ValidationReport
from signing.adapter import PadesSigning
from signing.pki.directory import ensure_pki, read_anchors
from signing.pki.former import FormerPki
from signing.stamping import AllAuthorities
from tests.contract.signing.running import RunningPki
from tests.unit.signing.material import BOTH, countersigned, member_request, prepared_pdf

AUTHORITY_SECONDS = 1.1
"""Time-stamps have whole seconds: after that, the next is of a later one."""


@dataclass(frozen=True)
class RolledOver:
    """A PKI, what was signed by it, and the one that came after."""

    before: RunningPki
    after: RunningPki
    former: FormerPki
    member: bytes
    complete: bytes


def signed_by_member(signing: PadesSigning) -> bytes:
    prepared = prepared_pdf()
    return signing.sign_for_member(prepared, member_request(prepared)).data


def made(folder: Path, organisation: str) -> RunningPki:
    running = RunningPki(folder)
    ensure_pki(folder, running.address, datetime.now(UTC), organisation)
    return running.start()


@pytest.fixture(scope="module", params=["the same name", "another name"])
def rolled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RolledOver]:
    """Roll over to a PKI whose authorities have the same names, as one organisation's have, or others."""
    folder = tmp_path_factory.mktemp("rolled")
    before = made(folder / "before", "Syndicat fictif")
    old = before.adapter()
    member = signed_by_member(old)
    complete = countersigned(old, signed_by_member(old))
    old.close()
    until = datetime.now(UTC)
    time.sleep(AUTHORITY_SECONDS)
    after = made(folder / "after", "Syndicat fictif" if request.param == "the same name" else "Syndicat fictif, 2027")
    yield RolledOver(before, after, FormerPki(FormerAuthorities("2026", read_anchors(before.folder), until)), member, complete)
    after.stop()
    before.stop()


@pytest.fixture
def signing(rolled: RolledOver) -> Iterator[PadesSigning]:
    adapter = rolled.after.adapter(former=[rolled.former])
    yield adapter
    adapter.close()


def accepted(signing: PadesSigning, data: bytes, signers: int = 2) -> None:
    for report in (signing.validate(data, BOTH[:signers]), signing.second_opinion(data, BOTH[:signers])):
        assert report.valid, (report.reader, report.reasons)
        assert report.level is PadesLevel.B_LTA


def refused(signing: PadesSigning, data: bytes, signers: int = 2) -> list[str]:
    """Have both readers refuse a file; return why, each."""
    reports = (signing.validate(data, BOTH[:signers]), signing.second_opinion(data, BOTH[:signers]))
    assert not any(report.valid for report in reports)
    return ["; ".join(reasons_of(report)) for report in reports]


def reasons_of(report: ValidationReport) -> list[str]:
    of_signatures = [reason for one in report.signatures for reason in one.reasons]
    return [*report.reasons, *of_signatures, *(reason for one in report.timestamps for reason in one.reasons)]


def test_what_was_signed_before_is_valid_and_its_protection_is_renewed_by_the_new_authority(
    rolled: RolledOver, signing: PadesSigning
) -> None:
    accepted(signing, rolled.complete)
    accepted(signing, rolled.member, 1)
    stamped = signing.restamp(rolled.complete)
    accepted(signing, stamped.data)
    accepted(signing, signing.restamp(stamped.data).data)


def test_a_file_that_its_member_signed_before_is_countersigned_after(rolled: RolledOver, signing: PadesSigning) -> None:
    data = countersigned(signing, rolled.member)
    accepted(signing, data)
    accepted(signing, signing.restamp(data).data)


def test_what_is_signed_after_needs_nothing_of_the_former(rolled: RolledOver, signing: PadesSigning) -> None:
    data = countersigned(signing, signed_by_member(signing))
    accepted(signing, data)
    with closing(rolled.after.adapter()) as alone:
        accepted(alone, data)
        assert "timestamp.certificate" in refused(alone, rolled.complete)[1]


@pytest.fixture(params=["its own time-stamps", "time-stamps of the new authority"])
def late(request: pytest.FixtureRequest, rolled: RolledOver) -> Iterator[PadesSigning]:
    """Go on with the former PKI, as who holds its keys might."""
    anchors = list(read_anchors(rolled.after.folder).values())
    is_own = request.param == "its own time-stamps"
    adapter = rolled.before.adapter() if is_own else rolled.before.adapter([f"{rolled.after.address}/tsa"], tsa_anchors_pem=anchors)
    yield adapter
    adapter.close()


def test_a_new_signature_by_the_former_is_refused_by_both_readers(late: PadesSigning, signing: PadesSigning) -> None:
    data = signed_by_member(late)
    first, second = refused(signing, data, 1)
    assert "chain.former" in first
    assert "chain.former" in second or "timestamp.certificate" in second
    (finding,) = signing.validate(data, BOTH[:1]).signatures
    assert (finding.indication, finding.sub_indication) == (Indication.INDETERMINATE, "CHAIN_CONSTRAINTS_FAILURE")


def test_a_time_stamp_of_the_former_after_its_end_is_refused_by_both_readers(rolled: RolledOver, signing: PadesSigning) -> None:
    anchors = list(read_anchors(rolled.before.folder).values())
    with closing(rolled.after.adapter([f"{rolled.before.address}/tsa"], tsa_anchors_pem=anchors)) as unbounded:
        data = signed_by_member(unbounded)
    first, second = refused(signing, data, 1)
    assert "chain.former" in first
    assert "timestamp.certificate" in second


Setting = Callable[[RolledOver], PadesSigning]
LEFT_BEHIND: dict[str, tuple[Setting, type[ContreseingError], str]] = {
    "the former CA is asked": (
        lambda rolled: PadesSigning(
            pki_url=rolled.before.address,
            tokens=rolled.before.tokens,
            anchors_pem=read_anchors(rolled.after.folder),
            tsa_urls=[f"{rolled.after.address}/tsa"],
            render_stamp=lambda *_: b"",
            clock=SystemClock(),
            former=[rolled.former],
        ),
        SigningFailed,
        "chain.former",
    ),
    "the former authority stamps": (
        lambda rolled: rolled.after.adapter([f"{rolled.before.address}/tsa"], former=[rolled.former]),
        UpstreamUnavailable,
        "timestamp.certificate",
    ),
}


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_a_process_whose_settings_still_name_the_former_signs_nothing(rolled: RolledOver, name: str) -> None:
    setting, error, code = LEFT_BEHIND[name]
    with closing(setting(rolled)) as adapter, pytest.raises(error) as refusal:
        signed_by_member(adapter)
    assert refusal.value.code == code


def test_an_authority_believed_about_time_today_has_no_end_for_having_been_ours(rolled: RolledOver) -> None:
    anchors = list(read_anchors(rolled.before.folder).values())
    with closing(rolled.after.adapter([f"{rolled.before.address}/tsa"], tsa_anchors_pem=anchors, former=[rolled.former])) as kept:
        accepted(kept, signed_by_member(kept), 1)


def authorities(pki: RunningPki, *former: FormerPki) -> AllAuthorities:
    return AllAuthorities(anchors_pem=read_anchors(pki.folder), tsa_urls=[f"{pki.address}/tsa"], clock=SystemClock(), former=former)


def test_heads_of_the_journal_are_believed_of_the_former_until_its_end(rolled: RolledOver) -> None:
    with closing(authorities(rolled.before)) as old:
        (stamp,) = old.stamp(b"head")
    ended_after = FormerPki(replace(rolled.former.authorities, until=datetime.now(UTC)))
    with closing(authorities(rolled.after, ended_after)) as after, closing(authorities(rolled.after, rolled.former)) as before:
        assert after.verify(stamp.token, b"head") == stamp.stamped_at
        with pytest.raises(VerificationFailed) as refusal:
            before.verify(stamp.token, b"head")
    assert refusal.value.code == "timestamp.certificate"


def test_a_former_pki_need_only_tell_the_state_of_what_it_certified(rolled: RolledOver, tmp_path: Path) -> None:
    before = RunningPki(tmp_path / "before").start()
    with closing(before.adapter()) as old:
        member, asked = signed_by_member(old), before.tokens.portal
    before.stop()
    before.is_former = True
    before.start()
    former = FormerPki(FormerAuthorities("2025", read_anchors(before.folder), datetime.now(UTC)))
    try:
        with closing(rolled.after.adapter(former=[former])) as new:
            accepted(new, new.restamp(countersigned(new, member)).data)
        with httpx.Client(base_url=before.address, trust_env=False, headers={"Authorization": f"Bearer {asked}"}) as client:
            made = {
                path: client.post(path).status_code
                for path in ("/tsa", "/tsa2", "/issue/member", "/issue/syndicate", "/seal", "/seal/proofs")
            }
        assert set(made.values()) == {404}, made
    finally:
        before.stop()
