"""Which certificates are taken at their word that they are never revoked."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from conventions.errors import SigningFailed
from signing.chains import TrustStore
from signing.gathering import Gatherer
from signing.levels import StoredMaterial
from signing.pki.certificates import issue_signer
from signing.pki.policies import MEMBERS_POLICY
from signing.short_term import LONGEST, needs_no_state
from tests.unit.signing.authority import BASE_URL, NOW
from tests.unit.signing.brief import PRETENDERS, issue_brief
from tests.unit.signing.test_gathering import PKI, MemoryOutside, MovableClock
from tests.unit.signing.test_pki_certificates import SUBJECT

KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
BRIEF = issue_brief(PKI.members, KEY, SUBJECT, NOW)
HOUR = timedelta(hours=1)


def pretender(name: str) -> x509.Certificate:
    change, lifetime = PRETENDERS[name]
    return issue_brief(PKI.members, KEY, SUBJECT, NOW, lifetime, change=change)


def gather(certificate: x509.Certificate, at: timedelta | None = None, now: timedelta = timedelta(0)) -> tuple[list[str], int]:
    clock = MovableClock()
    clock.at = NOW + now
    outside = MemoryOutside(clock)
    gatherer = Gatherer(outside, TrustStore(PKI.anchors), clock)  # type: ignore[arg-type]
    evidence = asyncio.run(gatherer.gather(certificate, (), None if at is None else NOW + at))
    return outside.asked, len(evidence.ocsp_responses)


def test_a_signer_s_certificate_of_a_day_at_most_that_says_so_needs_none() -> None:
    assert needs_no_state(BRIEF)
    assert needs_no_state(issue_brief(PKI.members, KEY, SUBJECT, NOW, LONGEST))
    assert not needs_no_state(PKI.members.certificate)


@pytest.mark.parametrize("name", PRETENDERS)
def test_no_other_is_taken_at_its_word(name: str) -> None:
    assert not needs_no_state(pretender(name))


def test_ours_name_whom_to_ask_and_are_asked_about() -> None:
    assert not needs_no_state(issue_signer(PKI.members, KEY, SUBJECT, MEMBERS_POLICY, BASE_URL, NOW))


def test_nobody_is_asked_about_it_and_its_ca_is() -> None:
    assert gather(BRIEF) == (["crl root"], 0)


def test_it_signs_while_it_lives_and_no_longer() -> None:
    assert gather(BRIEF, now=HOUR) == (["crl root"], 0)
    with pytest.raises(SigningFailed) as refusal:
        gather(BRIEF, now=HOUR + timedelta(seconds=1))
    assert refusal.value.code == "chain.not_valid_then"


def test_one_that_has_ended_since_needs_no_proof_of_the_time_when_it_lived() -> None:
    assert gather(BRIEF, at=HOUR, now=9 * HOUR) == (["crl root"], 0)
    with pytest.raises(SigningFailed) as refusal:
        gather(BRIEF, at=2 * HOUR, now=9 * HOUR)
    assert refusal.value.code == "chain.not_valid_then"


@pytest.mark.parametrize("name", ["without the extension", "of a second too long"])
def test_a_pretender_is_refused(name: str) -> None:
    with pytest.raises(SigningFailed) as refusal:
        gather(pretender(name))
    assert refusal.value.code == "revocation.no_address"
    with pytest.raises(SigningFailed) as refusal:
        gather(pretender(name), at=HOUR, now=48 * HOUR)
    assert refusal.value.code == "revocation.missing"


def test_a_file_s_level_needs_the_state_of_the_ca_above_alone() -> None:
    listed = StoredMaterial((PKI.members.certificate,), frozenset(), frozenset({PKI.root.certificate.subject.public_bytes()}))
    assert listed.proves(BRIEF, ())
    assert not listed.proves(pretender("of a year"), ())
    assert not StoredMaterial((PKI.members.certificate,), frozenset(), frozenset()).proves(BRIEF, ())
