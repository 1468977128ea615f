"""One contract for every place where a key may be, then what each place can do wrong."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from conventions.errors import ConfigurationError, SigningFailed, UpstreamUnavailable
from conventions.kinds import MEMBER_FIELD
from conventions.signatures import PadesLevel, SignedFile
from signing.adapter import PadesSigning
from signing.cms import Mechanism
from signing.csc import CscAccess, CscKey, CscVersion
from signing.engine import Task
from signing.keys import HashSigner, HeldKey, OneShotKey, public_key_of, verify_hash_signatures
from signing.outside import Outside
from signing.pkcs11 import Pkcs11Access, Pkcs11Key
from tests.contract.signing.key_peers import AT_ONCE, IN_DEVICE, PIN, CscServer, SoftHsm, certify, certomancer
from tests.contract.signing.running import RunningPki, free_port
from tests.contract.signing.serving import serving
from tests.unit.signing.material import MEMBER, prepared_pdf

HASHES = [hashlib.sha256(str(number).encode()).digest() for number in range(23)]
PLACES = ("one-shot", "file RSA", *(f"PKCS#11 {kind}" for kind in IN_DEVICE), "CSC v1 p256", "CSC v1 rsa2048", "CSC v2 p256", "CSC v2 rsa")


@pytest.fixture(scope="module")
def outside(signing: PadesSigning) -> Outside:
    return signing._outside


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with certomancer(tmp_path_factory.mktemp("certomancer")) as address:
        yield address


def csc_server(pki: RunningPki, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> CscServer:
    return CscServer(key, [certify(pki.folder, key.public_key())])


def csc_access(address: str, **changes: Any) -> CscAccess:  # noqa: ANN401 any of its fields
    return CscAccess(**{"url": address, "version": CscVersion.V2, "credential": "vp", "token": "bearer", "pin": PIN, **changes})


@pytest.fixture
def key(request: pytest.FixtureRequest, pki: RunningPki, outside: Outside) -> Iterator[HashSigner]:
    place, _, kind = str(request.param).rpartition(" ")
    if request.param == "one-shot":
        one_shot = OneShotKey()
        yield one_shot.certified(certify(pki.folder, one_shot._held().public_key()))
    elif place == "file":
        private = rsa.generate_private_key(65_537, 3_072)
        yield HeldKey(private, certify(pki.folder, private.public_key()))
    elif place == "PKCS#11":
        opened = Pkcs11Key(request.getfixturevalue("device").access(kind))
        yield opened
        opened.destroy()
    elif place == "CSC v1":
        access = CscAccess(request.getfixturevalue("remote"), CscVersion.V1, f"remote/{kind}", "unused")
        yield outside.run(CscKey.open(access, outside))
    else:
        remote = ec.generate_private_key(ec.SECP256R1()) if kind == "p256" else rsa.generate_private_key(65_537, 2_048)
        with serving(csc_server(pki, remote).application()) as address:
            yield outside.run(CscKey.open(csc_access(address), outside))


every_place = pytest.mark.parametrize(
    "key", [pytest.param(one, marks=[pytest.mark.needs_tool("softhsm")] if "#" in one else []) for one in PLACES], indirect=True
)


@every_place
def test_each_hash_gets_its_signature_in_order(key: HashSigner, outside: Outside) -> None:
    signatures = outside.run(_signed(key, HASHES))
    verify_hash_signatures(public_key_of(key.certificate), key.mechanism, HASHES, signatures)
    assert max(len(one) for one in signatures) <= key.max_signature_bytes
    assert key.mechanism is not Mechanism.RSA_PKCS1_SHA256


@every_place
def test_no_hash_is_no_signature(key: HashSigner, outside: Outside) -> None:
    assert outside.run(_signed(key, [])) == []


@every_place
def test_a_key_given_up_signs_nothing(key: HashSigner, outside: Outside) -> None:
    key.destroy()
    key.destroy()
    with pytest.raises(SigningFailed) as refusal:
        outside.run(_signed(key, HASHES[:1]))
    assert refusal.value.code == "signing.key_destroyed"


@every_place
def test_the_engine_signs_to_b_lta_with_it(key: HashSigner, request: pytest.FixtureRequest, signing: PadesSigning) -> None:
    if request.node.callspec.params["key"].startswith("CSC v1"):
        with pytest.raises(SigningFailed) as refusal:  # Certomancer's own CA is none of ours
            signing._outside.run(_signed_file(signing, key))
        assert refusal.value.code.startswith("chain.")
        return
    signed = signing._outside.run(_signed_file(signing, key))
    assert signed.level is PadesLevel.B_LTA
    found = signing._outside.run(signing._reader.assess(signed.data, signing._clock.now()))
    assert found.passed, found
    assert found.level is PadesLevel.B_LTA


async def _signed(key: HashSigner, hashes: list[bytes]) -> list[bytes]:
    return await key.sign_hashes(hashes)


async def _signed_file(signing: PadesSigning, key: HashSigner) -> SignedFile:
    session = await signing._engine.open_session(key)
    (outcome,) = await signing._engine.sign_all(session, [Task(prepared_pdf(), MEMBER_FIELD, "Essai", signing._stamps(MEMBER, ""))])
    assert isinstance(outcome, SignedFile), outcome
    return outcome


DEVICE_FAULTS: dict[str, tuple[Callable[[Pkcs11Access], Pkcs11Access], str]] = {
    "no such module": (lambda access: dataclasses.replace(access, module=Path("none.so")), "configuration.pkcs11_module"),
    "no such token": (lambda access: dataclasses.replace(access, token="none"), "configuration.pkcs11_token"),
    "two tokens and no label": (lambda access: dataclasses.replace(access, token=None), "configuration.pkcs11_token"),
    "no such slot": (lambda access: dataclasses.replace(access, slot=7), "configuration.pkcs11_token"),
    "a wrong PIN": (lambda access: dataclasses.replace(access, pin="000000"), "configuration.pkcs11_pin"),
    "a key without certificate": (lambda access: dataclasses.replace(access, key_label="alone"), "configuration.pkcs11_certificate"),
    "no such key": (lambda access: dataclasses.replace(access, key_label="none"), "configuration.pkcs11_certificate"),
}


@pytest.mark.needs_tool("softhsm")
@pytest.mark.parametrize(("fault", "code"), DEVICE_FAULTS.values(), ids=DEVICE_FAULTS.keys())
def test_a_device_that_cannot_sign_is_refused_at_start_up(
    device: SoftHsm, fault: Callable[[Pkcs11Access], Pkcs11Access], code: str
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Pkcs11Key(fault(device.access("p256")))
    assert refusal.value.code == code
    assert PIN not in repr(device.access("p256"))


@pytest.mark.needs_tool("softhsm")
def test_the_certificate_may_be_given_beside_the_device(device: SoftHsm, pki: RunningPki, outside: Outside) -> None:
    stranger = certify(pki.folder, ec.generate_private_key(ec.SECP256R1()).public_key())
    with pytest.raises(ConfigurationError) as refusal:
        Pkcs11Key(device.access("p256", certificates=(stranger,)))
    assert refusal.value.code == "configuration.pkcs11_certificate"
    with pytest.raises(ConfigurationError) as refusal:
        Pkcs11Key(device.access("none", certificates=(stranger,)))
    assert refusal.value.code == "configuration.pkcs11_key"
    own = Pkcs11Key(device.access("p256"))
    beside = Pkcs11Key(device.access("p256", certificates=(own.certificate, stranger)))
    assert beside.others == (stranger,)
    beside.destroy()
    own.destroy()


@pytest.mark.needs_tool("softhsm")
def test_a_session_that_the_device_ended_is_opened_anew(device: SoftHsm, outside: Outside) -> None:
    key = Pkcs11Key(device.access("p256"))
    key._session.close()
    assert len(outside.run(_signed(key, HASHES))) == len(HASHES)
    key._session.close()
    key._access = dataclasses.replace(key._access, token="none")
    with pytest.raises(UpstreamUnavailable) as refusal:
        outside.run(_signed(key, HASHES))
    assert refusal.value.code == "signing.device"
    key.destroy()


def test_one_authorisation_serves_as_many_hashes_as_the_credential_allows(remote: str, outside: Outside) -> None:
    key = outside.run(CscKey.open(CscAccess(remote, CscVersion.V1, "remote/p256", "unused"), outside))
    outside.run(_signed(key, HASHES))
    assert key.authorisations == -(-len(HASHES) // AT_ONCE)


@pytest.fixture
def csc(pki: RunningPki) -> Iterator[tuple[CscServer, str]]:
    server = csc_server(pki, ec.generate_private_key(ec.SECP256R1()))
    with serving(server.application()) as address:
        yield server, address


SIGNING_FAULTS = {
    "expired": (SigningFailed, "signing.csc_expired"),
    "busy": (UpstreamUnavailable, "signing.csc_busy"),
    "down": (UpstreamUnavailable, "upstream.unavailable"),
    "html": (UpstreamUnavailable, "signing.csc_answer"),
    "list": (UpstreamUnavailable, "signing.csc_answer"),
    "empty": (UpstreamUnavailable, "signing.csc_answer"),
    "refusal": (SigningFailed, "signing.csc_refused"),
    "fewer": (SigningFailed, "signing.wrong_signature"),
    "shuffled": (SigningFailed, "signing.wrong_signature"),
}


@pytest.mark.parametrize(("fault", "expected"), SIGNING_FAULTS.items(), ids=SIGNING_FAULTS.keys())
def test_a_service_that_fails_gives_nothing(
    csc: tuple[CscServer, str], outside: Outside, fault: str, expected: tuple[type[Exception], str]
) -> None:
    server, address = csc
    key = outside.run(CscKey.open(csc_access(address), outside))
    server.fault = fault
    with pytest.raises(expected[0]) as refusal:
        outside.run(_signed(key, HASHES))
    assert getattr(refusal.value, "code", "") == expected[1]
    assert PIN not in str(refusal.value)


def test_an_authorisation_that_expired_on_the_way_is_asked_again_once(csc: tuple[CscServer, str], outside: Outside) -> None:
    server, address = csc
    key = outside.run(CscKey.open(csc_access(address), outside))
    server.fault = "once expired"
    assert len(outside.run(_signed(key, HASHES))) == len(HASHES)
    assert server.counts == {"info": 1, "authorize": 2, "signHash": 2}


def test_several_who_sign_at_once_wait_for_one_another(csc: tuple[CscServer, str], outside: Outside) -> None:
    server, address = csc
    key = outside.run(CscKey.open(csc_access(address), outside))

    async def together() -> list[list[bytes]]:
        return list(await asyncio.gather(*(key.sign_hashes([one]) for one in HASHES[:5])))

    assert [len(signed) for signed in outside.run(together())] == [1] * 5
    assert server.most_authorised == 1


def test_an_authorisation_too_short_to_be_used_signs_nothing(csc: tuple[CscServer, str], outside: Outside) -> None:
    server, address = csc
    key = outside.run(CscKey.open(csc_access(address), outside))
    server.expires_in = 1
    with pytest.raises(SigningFailed) as refusal:
        outside.run(_signed(key, HASHES))
    assert refusal.value.code == "signing.csc_expired"
    assert "signHash" not in server.counts


def test_a_wrong_pin_is_said_and_not_tried_again(csc: tuple[CscServer, str], outside: Outside) -> None:
    server, address = csc
    key = outside.run(CscKey.open(csc_access(address, pin="000000"), outside))
    with pytest.raises(SigningFailed) as refusal:
        outside.run(_signed(key, HASHES))
    assert refusal.value.code == "signing.csc_pin"
    assert server.counts["authorize"] == 1


CREDENTIAL_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "disabled": ({"key": {"status": "disabled", "algo": ["1.2.840.10045.4.3.2"]}}, "configuration.csc_credential"),
    "of another digest": ({"key": {"status": "enabled", "algo": ["1.2.840.10045.4.3.4"]}}, "configuration.csc_credential"),
    "without certificate": ({"cert": {"certificates": []}}, "configuration.csc_credential"),
    "of no sense": ({"cert": 3}, "configuration.csc_credential"),
    "asking for a page to visit": ({"auth": {"mode": "oauth2code"}}, "configuration.csc_authorisation"),
    "asking for a code by telephone": (
        {"auth": {"mode": "explicit", "objects": [{"type": "Password"}, {"type": "ChallengeResponse"}]}},
        "configuration.csc_authorisation",
    ),
}


@pytest.mark.parametrize(("description", "code"), CREDENTIAL_FAULTS.values(), ids=CREDENTIAL_FAULTS.keys())
def test_a_credential_that_cannot_sign_is_refused(
    csc: tuple[CscServer, str], outside: Outside, description: dict[str, Any], code: str
) -> None:
    server, address = csc
    server.description = description
    with pytest.raises(ConfigurationError) as refusal:
        outside.run(CscKey.open(csc_access(address), outside))
    assert refusal.value.code == code


def test_a_service_that_wants_a_pin_or_another_token_is_refused(csc: tuple[CscServer, str], outside: Outside) -> None:
    _, address = csc
    for changes, code in (({"pin": ""}, "configuration.csc_authorisation"), ({"token": "other"}, "configuration.csc_refused")):
        with pytest.raises(ConfigurationError) as refusal:
            outside.run(CscKey.open(csc_access(address, **changes), outside))
        assert refusal.value.code == code
    with pytest.raises(UpstreamUnavailable):
        outside.run(CscKey.open(csc_access(f"http://127.0.0.1:{free_port()}"), outside))
