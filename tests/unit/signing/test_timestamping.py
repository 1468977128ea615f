"""Every check on a time-stamp, each by an authority that fails it alone."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from conventions.errors import VerificationFailed
from signing.chains import TrustStore
from signing.pki.policies import TIMESTAMP_POLICY
from signing.timestamping import TokenRules, is_clock_wrong, render_request, token_certificates, verify_response, verify_token
from tests.unit.signing.authority import LIES, NOW, Lie, memory_pki

PKI = memory_pki()
RULES = TokenRules(TrustStore(PKI.anchors), frozenset({TIMESTAMP_POLICY}))
DIGEST = hashlib.sha256(b"a signature").digest()


def honest_token() -> bytes:
    request = render_request(DIGEST, NOW)
    return verify_response(PKI.timestamps().render_response(request.der, NOW), request, RULES, NOW).der


def test_an_honest_token_is_accepted_with_its_facts() -> None:
    request = render_request(DIGEST, NOW)
    token = verify_response(PKI.timestamps().render_response(request.der, NOW), request, RULES, NOW)
    assert (token.gen_time, token.policy, token.certificate) == (NOW, TIMESTAMP_POLICY, PKI.timestamps_certificate)
    assert token.others == (PKI.syndicate.certificate,)
    assert verify_token(token.der, DIGEST, RULES) == token
    assert token_certificates(token.der + bytes(400)) == (token.certificate, token.others)


@pytest.mark.parametrize(("lie", "code"), LIES.values(), ids=LIES.keys())
def test_each_lie_is_refused_by_its_code(lie: Lie, code: str) -> None:
    request = render_request(DIGEST, NOW)
    with pytest.raises(VerificationFailed) as refusal:
        verify_response(lie(PKI, request.der, NOW), request, RULES, NOW)
    assert refusal.value.code == code


@pytest.mark.parametrize("seconds", [-5, 0, 5])
def test_clocks_may_differ_by_five_seconds(seconds: int) -> None:
    request = render_request(DIGEST, NOW)
    answer = PKI.timestamps().render_response(request.der, NOW + timedelta(seconds=seconds))
    assert verify_response(answer, request, RULES, NOW).gen_time == NOW + timedelta(seconds=seconds)


def test_an_answer_that_waited_on_our_side_is_still_good() -> None:
    request = render_request(DIGEST, NOW)
    answer = PKI.timestamps().render_response(request.der, NOW + timedelta(seconds=1))
    assert verify_response(answer, request, RULES, NOW + timedelta(minutes=1)).gen_time == NOW + timedelta(seconds=1)


def test_another_policy_is_refused_when_one_is_required() -> None:
    rules = TokenRules(RULES.trust, frozenset({"1.2.3.4"}))
    with pytest.raises(VerificationFailed) as refusal:
        verify_token(honest_token(), DIGEST, rules)
    assert refusal.value.code == "timestamp.policy"


def test_a_token_is_not_for_another_digest() -> None:
    with pytest.raises(VerificationFailed) as refusal:
        verify_token(honest_token(), hashlib.sha256(b"another").digest(), RULES)
    assert refusal.value.code == "timestamp.imprint"


@given(st.binary(max_size=400))
def test_noise_is_refused_with_our_error(noise: bytes) -> None:
    request = render_request(DIGEST, NOW)
    with pytest.raises(VerificationFailed):
        verify_response(noise, request, RULES, NOW)


TOKEN = honest_token()


@given(st.integers(0, len(TOKEN) - 1), st.integers(1, 255))
def test_an_altered_token_is_refused_or_altered_beside_what_is_signed(position: int, change: int) -> None:
    """A token's other certificates are signed by nobody; whatever else changes must be refused."""
    altered = bytearray(TOKEN)
    altered[position] ^= change
    try:
        read = verify_token(bytes(altered), DIGEST, RULES)
    except VerificationFailed:
        return
    assert (read.gen_time, read.policy, read.certificate) == (NOW, TIMESTAMP_POLICY, PKI.timestamps_certificate)


@pytest.mark.needs_tool("openssl")
def test_openssl_reads_our_request_and_verifies_our_answer(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(PKI.root.certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "ca.pem").write_bytes(PKI.syndicate.certificate.public_bytes(serialization.Encoding.PEM))
    request = render_request(DIGEST, NOW)
    (tmp_path / "request").write_bytes(request.der)
    (tmp_path / "answer").write_bytes(PKI.timestamps().render_response(request.der, NOW))
    verify = ["openssl", "ts", "-verify", "-queryfile", "request", "-in", "answer", "-CAfile", "root.pem", "-untrusted", "ca.pem"]
    at = ["-attime", str(int(NOW.timestamp()))]
    done = subprocess.run([*verify, *at], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("ahead_seconds", "wrong"),
    [((), False), ((60,), False), ((60, 58), True), ((60, -60), False), ((4, 4), False), ((60, 4, 63), True), ((60, 80), False)],
)
def test_our_clock_is_wrong_when_two_authorities_agree_against_it(ahead_seconds: tuple[int, ...], wrong: bool) -> None:  # noqa: FBT001
    assert is_clock_wrong(timedelta(seconds=one) for one in ahead_seconds) is wrong
