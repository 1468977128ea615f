from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from contreseing.credentials import LocalCredentials, random_totp_secret
from conventions.errors import EvidenceBroken

AT = datetime(2026, 1, 15, 9, 0, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def credentials() -> LocalCredentials:
    return LocalCredentials(b"k" * 32)


def test_a_password_matches_its_hash_and_no_other(credentials: LocalCredentials) -> None:
    hashed = credentials.hash_password("mot de passe d'été")
    assert hashed.startswith("$argon2id$")
    assert credentials.is_password(hashed, "mot de passe d'été")
    assert not credentials.is_password(hashed, "mot de passe d'ete")
    assert not credentials.is_password("$argon2id$broken", "x")


def test_an_unknown_account_costs_the_same_work_and_never_matches(credentials: LocalCredentials) -> None:
    hashed = credentials.hash_password("x")

    def best_seconds(password_hash: str) -> float:
        spent = []
        for _ in range(5):
            begun = time.process_time()
            assert not credentials.is_password(password_hash, "wrong")
            spent.append(time.process_time() - begun)
        return min(spent)

    assert best_seconds("") > best_seconds(hashed) / 2
    assert not credentials.is_password("", "nobody has this password")


def test_a_code_matches_its_step_and_its_neighbours(credentials: LocalCredentials) -> None:
    secret = random_totp_secret()
    sealed = credentials.seal_totp(secret)
    assert secret not in sealed
    step = int(AT.timestamp()) // 30
    for drift in (-1, 0, 1):
        assert credentials.totp_step(sealed, pyotp.TOTP(secret).at(AT + timedelta(seconds=30 * drift)), AT) == step + drift
    assert credentials.totp_step(sealed, pyotp.TOTP(secret).at(AT - timedelta(seconds=60)), AT) is None
    assert credentials.totp_step(sealed, "12345", AT) is None
    assert credentials.totp_step("", pyotp.TOTP(secret).at(AT), AT) is None
    spaced = pyotp.TOTP(secret).at(AT)
    assert credentials.totp_step(sealed, f"{spaced[:3]} {spaced[3:]}", AT) == step


def test_a_secret_sealed_under_another_key_is_broken_evidence(credentials: LocalCredentials) -> None:
    sealed = LocalCredentials(b"o" * 32).seal_totp(random_totp_secret())
    with pytest.raises(EvidenceBroken):
        credentials.totp_step(sealed, "123456", AT)
