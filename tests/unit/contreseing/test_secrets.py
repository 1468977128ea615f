from __future__ import annotations

import hashlib
import hmac

from contreseing.secrets import KeyedSecrets

MASTER = "a master key of the tests, long enough"


def test_keys_differ_by_purpose_and_by_master_key() -> None:
    secrets = KeyedSecrets(MASTER)
    assert secrets.mac("link", b"m") == KeyedSecrets(MASTER).mac("link", b"m")
    assert secrets.mac("link", b"m") != secrets.mac("code", b"m")
    assert secrets.mac("link", b"m") != KeyedSecrets(MASTER + "!").mac("link", b"m")
    assert secrets.derived_key("totp") != secrets.derived_key("mac/link")


def test_mac_is_hmac_sha256_under_a_key_of_hkdf() -> None:
    prk = hmac.digest(b"contreseing/keys/1", MASTER.encode(), hashlib.sha256)  # RFC 5869, 2.2
    key = hmac.digest(prk, b"mac/link\x01", hashlib.sha256)  # 2.3, one block
    assert KeyedSecrets(MASTER).mac("link", b"m") == hmac.digest(key, b"m", hashlib.sha256)


def test_randomness_has_the_promised_form() -> None:
    secrets = KeyedSecrets(MASTER)
    codes = {secrets.random_code() for _ in range(200)}
    assert len(codes) > 190
    assert all(len(code) == 6 and code.isdigit() for code in codes)
    assert len(secrets.random_id()) == 32
    assert len(secrets.random_token()) == 43
    assert secrets.random_token() != secrets.random_token()
