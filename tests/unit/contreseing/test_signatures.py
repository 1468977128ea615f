"""What the settings of the Vice-President's key become, and which are refused before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from contreseing.clock import SystemClock
from contreseing.settings import Settings, load_settings
from contreseing.signatures import build_signing, lasting_key
from contreseing.wiring import build_ports
from conventions.errors import ConfigurationError
from conventions.sentences import sentence
from conventions.signatures import SignatureLevel
from signing.csc import CscAccess, CscVersion
from signing.pkcs11 import Pkcs11Access
from signing.pki.directory import ANCHOR_FILES
from signing.pki.policies import SYNDICATE_POLICY
from signing.signatories import LastingKey
from tests.unit.contreseing.test_settings import GIVEN
from tests.unit.signing.authority import memory_pki
from tests.unit.signing.material import draw_stamp


@pytest.fixture(scope="module")
def anchors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, pki = tmp_path_factory.mktemp("anchors"), memory_pki()
    for name, certificate in zip(ANCHOR_FILES, pki.anchors, strict=True):
        (folder / name).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return folder


def settings(**given: object) -> Settings:
    return load_settings(**{**{name.lower(): value for name, value in GIVEN.items()}, **given})


def test_one_shot_keys_are_the_default() -> None:
    assert lasting_key(settings()) is None


def test_a_device_is_reached_by_its_settings(tmp_path: Path) -> None:
    pki, pin = memory_pki(), tmp_path / "pin"
    pin.write_text("271828\n")
    chain = tmp_path / "ca.pem"
    authorities = (pki.syndicate.certificate, pki.root.certificate)
    chain.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in authorities))
    given = {"pkcs11_module": "/lib/hsm.so", "pkcs11_token": "conventions", "pkcs11_key": "vp", "pkcs11_pin_file": str(pin)}
    made = lasting_key(settings(signatory_key="pkcs11", signatory_level="advanced", signatory_ca=chain, signatory_policy="1.2.3", **given))
    access = Pkcs11Access(Path("/lib/hsm.so"), "vp", "271828", "conventions")
    assert made == LastingKey(access, SignatureLevel.ADVANCED, pki.syndicate.certificate, (pki.root.certificate,), "1.2.3")


def test_a_remote_key_is_reached_by_its_settings() -> None:
    given = {"csc_url": "https://signature.invalid/", "csc_version": "v1", "csc_credential": "vp", "csc_token": "t", "csc_pin": "1234"}
    access = CscAccess("https://signature.invalid", CscVersion.V1, "vp", "t", "1234")
    assert lasting_key(settings(signatory_key="csc", **given)) == LastingKey(access, policy=SYNDICATE_POLICY)


@pytest.mark.parametrize("place", ["pkcs11", "csc"])
def test_a_process_without_the_secret_has_no_access(place: str) -> None:
    assert lasting_key(settings(signatory_key=place)) == LastingKey(None)


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ({"signatory_key": "pkcs11", "pkcs11_pin": "1"}, "configuration.signatory", "PKCS11_MODULE, PKCS11_KEY"),
        ({"signatory_key": "csc", "csc_token": "t"}, "configuration.signatory", "CSC_URL, CSC_CREDENTIAL"),
        ({"signatory_key": "csc", "signatory_ca": "/none.pem"}, "configuration.trust", "certificats"),
        ({"member_level": "advanced"}, "configuration.signature_level", "« advanced »"),
        ({"signatory_level": "qualified"}, "configuration.signature_level", "« qualified »"),
    ],
)
def test_a_key_that_cannot_do_what_is_asked_is_refused_in_french(anchors: Path, given: dict[str, object], code: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        build_signing(settings(pki_anchors_dir=anchors, **given), SystemClock(), draw_stamp)
    assert refusal.value.code == code
    assert said in sentence(refusal.value)


def test_a_former_pki_that_does_not_say_its_end_is_refused_before_anything_starts(tmp_path: Path, anchors: Path) -> None:
    folder = tmp_path / "former" / "2026"
    folder.mkdir(parents=True)
    for name, certificate in zip(ANCHOR_FILES, memory_pki().anchors, strict=True):
        (folder / name).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    asked = settings(pki_anchors_dir=anchors, pki_former_dir=folder.parent, data_dir=tmp_path, database_url=None)
    for start in (lambda: build_ports(asked, is_deferring=True), lambda: build_signing(asked, SystemClock(), draw_stamp)):
        with pytest.raises(ConfigurationError) as refusal:
            start()
        assert refusal.value.code == "configuration.former_until"
    (folder / "former.toml").write_text("until = 2026-01-31\n", encoding="utf-8")
    built = build_signing(asked, SystemClock(), draw_stamp)
    assert [one.name for one in built.former_authorities()] == ["2026"]
    built.close()
