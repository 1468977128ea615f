"""A ceremony's manifest: what is believed of it, and until when."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from conventions.canonical import Json, sha256_hex
from conventions.errors import VerificationFailed
from conventions.signatures import SealedManifest
from signing.chains import TrustStore
from signing.cms import CmsBuilder, Mechanism
from signing.sealed import parse_manifest, verify_listed, verify_sealed_manifest
from signing.timestamping import TokenRules, render_request, verify_response
from tests.unit.signing.authority import MemoryPki, memory_pki
from tests.unit.signing.material import VICE_PRESIDENT, changed_manifest, manifest_of

NOW = datetime.now(UTC).replace(microsecond=0)
PKI = memory_pki(NOW - timedelta(days=1))
RULES = TokenRules(TrustStore(PKI.anchors))
MANIFEST = manifest_of({"2026-0014": sha256_hex(b"one"), "2026-0015": sha256_hex(b"two")})


def sealed(manifest: bytes = MANIFEST, pki: MemoryPki = PKI, at: datetime = NOW) -> SealedManifest:
    builder = CmsBuilder(pki.seal, (pki.syndicate.certificate,), Mechanism.ECDSA_SHA256)
    digest = hashlib.sha256(manifest).digest()
    signature = pki.seal_key.sign(builder.hash_to_sign(digest), ec.ECDSA(Prehashed(hashes.SHA256())))
    cms = builder.render(digest, signature)
    request = render_request(hashlib.sha256(cms).digest(), at)
    token = verify_response(pki.timestamps().render_response(request.der, at), request, TokenRules(TrustStore(pki.anchors)), at)
    return SealedManifest(manifest, cms, token.der, token.gen_time)


def refusal(manifest: SealedManifest, now: datetime = NOW) -> str:
    with pytest.raises(VerificationFailed) as refused:
        verify_sealed_manifest(manifest, PKI.seal, RULES, now)
    return refused.value.code


def test_a_sealed_manifest_says_who_may_sign_what() -> None:
    facts = verify_sealed_manifest(sealed(), PKI.seal, RULES, NOW + timedelta(minutes=29))
    assert (facts.given_name, facts.family_name, facts.siren) == ("Yann", "Le Fictif", VICE_PRESIDENT.siren)
    verify_listed(facts, [("2026-0015", sha256_hex(b"two"))])
    for item in (("2026-0015", sha256_hex(b"one")), ("2026-0016", sha256_hex(b"two"))):
        with pytest.raises(VerificationFailed) as refused:
            verify_listed(facts, [item])
        assert refused.value.code == "manifest.not_listed"


def test_a_manifest_that_tells_the_model_read_authorises_the_same() -> None:
    told = manifest_of({"2026-0014": sha256_hex(b"one"), "2026-0015": sha256_hex(b"two")}, model_sha256=sha256_hex(b"model"))
    assert (b"model_sha256" in told, b"model_sha256" in MANIFEST) == (True, False)
    assert verify_sealed_manifest(sealed(told), PKI.seal, RULES, NOW).items == parse_manifest(MANIFEST).items


def test_it_is_refused_after_thirty_minutes_and_before_its_time() -> None:
    assert refusal(sealed(), NOW + timedelta(minutes=30)) == "manifest.age"
    assert refusal(sealed(), NOW - timedelta(minutes=1)) == "manifest.age"


def test_any_change_is_refused() -> None:
    good = sealed()
    assert refusal(replace(good, manifest=manifest_of({"2026-0099": sha256_hex(b"x")}))) == "manifest.seal"
    assert refusal(replace(good, cms=sealed(pki=memory_pki(NOW - timedelta(days=1))).cms)) == "manifest.seal"
    assert refusal(replace(good, cms=good.cms[:-1] + bytes([good.cms[-1] ^ 1]))) == "manifest.seal"
    assert refusal(replace(good, cms=b"")) == "manifest.seal"
    assert refusal(replace(good, timestamp=sealed(at=NOW + timedelta(seconds=1)).timestamp)) == "timestamp.imprint"
    assert refusal(replace(good, timestamp=b"")) == "timestamp.unreadable"


CHANGES: dict[str, dict[str, Json]] = {
    "another schema": {"schema": "contreseing/ceremony/2"},
    "no person": {"person": None},
    "an empty name": {"person": {"given_name": "", "family_name": "Le Fictif"}},
    "items that are no list": {"items": 3},
    "an item twice": {"items": [{"reference": "a", "member_signed_sha256": "b"}, {"reference": "a", "member_signed_sha256": "c"}]},
    "an item without digest": {"items": [{"reference": "a"}]},
    "a digest that is no text": {"items": [{"reference": "a", "member_signed_sha256": 3}]},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES.keys())
def test_a_manifest_that_cannot_be_read_is_refused(changes: dict[str, Json]) -> None:
    with pytest.raises(VerificationFailed) as refused:
        parse_manifest(changed_manifest(MANIFEST, **changes))
    assert refused.value.code == "manifest.unreadable"


@pytest.mark.parametrize("manifest", [b"", b"[]", b"null", b"\xff"])
def test_what_is_no_json_object_is_refused(manifest: bytes) -> None:
    with pytest.raises(VerificationFailed):
        parse_manifest(manifest)


@pytest.mark.needs_tool("openssl")
def test_openssl_verifies_our_detached_cms(tmp_path: Path) -> None:
    made = sealed()
    (tmp_path / "manifest").write_bytes(made.manifest)
    (tmp_path / "cms").write_bytes(made.cms)
    (tmp_path / "root.pem").write_bytes(PKI.root.certificate.public_bytes(serialization.Encoding.PEM))
    verify = [
        "openssl",
        "cms",
        "-verify",
        "-inform",
        "DER",
        "-in",
        "cms",
        "-content",
        "manifest",
        "-CAfile",
        "root.pem",
        "-purpose",
        "any",
        "-binary",
    ]
    done = subprocess.run(verify, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == made.manifest
