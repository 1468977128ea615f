"""The PKI on disk: made once, private, and refused when something does not fit."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from conventions.errors import ConfigurationError
from signing.pki.directory import ANCHOR_FILES, TOKEN_NAMES, ensure_pki, open_pki, read_anchors, read_token
from signing.pki.register import Register
from signing.pki.revocation import Status
from tests.unit.signing.authority import BASE_URL, NOW


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki") / "pki"
    ensure_pki(folder, BASE_URL + "/", NOW)
    return folder


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "pki"
    folder.mkdir(mode=0o700)
    for path in made.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
        (folder / path.name).chmod(0o600)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in {".key", ".pem", ".token", ".json"}}


def test_making_it_twice_changes_nothing(copied: Path) -> None:
    before = contents(copied)
    ensure_pki(copied, BASE_URL, NOW + timedelta(days=1))
    assert contents(copied) == before
    assert len(before) == 9 * 2 + len(TOKEN_NAMES) + 1


def test_an_interrupted_making_is_finished(copied: Path) -> None:
    (copied / "seal.pem").unlink()
    (copied / "desk.token").unlink()
    ensure_pki(copied, BASE_URL, NOW)
    assert open_pki(copied).seal[1].subject.rfc4514_string().startswith("CN=Cachet")


def test_nothing_in_it_is_readable_by_others(made: Path) -> None:
    assert made.stat().st_mode & 0o077 == 0
    assert [path.name for path in made.iterdir() if path.stat().st_mode & 0o077 and not path.name.endswith(("-wal", "-shm"))] == []


def test_it_opens_with_all_its_parts(made: Path) -> None:
    pki = open_pki(made)
    assert pki.base_url == BASE_URL
    assert [pki.authority(name) for name in ("root", "members", "syndicate", "other")] == [pki.root, pki.members, pki.syndicate, None]
    assert sorted(read_anchors(made)) == sorted(ANCHOR_FILES)
    assert len({read_token(made, name) for name in TOKEN_NAMES}) == 4
    assert sorted(pki.responders) == ["members", "syndicate"]


def test_every_certificate_it_made_is_in_the_register(made: Path) -> None:
    pki, register = open_pki(made), Register(made / "register.sqlite")
    for ca, certificate in (("root", pki.members.certificate), ("root", pki.syndicate.certificate), ("syndicate", pki.seal[1])):
        found = register.find(ca, certificate.serial_number)
        assert found is not None
        assert found.status is Status.GOOD
    register.close()


def test_services_are_renewed_before_they_end_and_cas_are_not(copied: Path) -> None:
    before = open_pki(copied)
    ensure_pki(copied, BASE_URL, NOW + timedelta(days=3 * 365 + 1))
    after = open_pki(copied)
    for name in ("members", "syndicate"):
        assert after.responders[name].certificate != before.responders[name].certificate
        assert after.responders[name].key.public_key() != before.responders[name].key.public_key()
        assert after.authority(name) is not None
        assert after.authority(name).certificate == before.authority(name).certificate  # type: ignore[union-attr]
    assert after.seal[1] != before.seal[1]
    assert after.proof_seal[1] != before.proof_seal[1]
    assert after.timestamps_certificate.not_valid_after_utc - NOW > timedelta(days=7 * 365)
    assert (copied / f"timestamps-{before.timestamps_certificate.serial_number:x}.pem").exists()
    assert len(list(copied.glob("*.key"))) == 9
    register = Register(copied / "register.sqlite")
    assert register.find("syndicate", after.seal[1].serial_number) is not None
    register.close()


@pytest.mark.parametrize("written", [("key",), ("key", "pem"), ("pem",)], ids=["key alone", "both", "the key already in place"])
def test_a_renewal_that_was_stopped_is_finished(copied: Path, tmp_path: Path, written: tuple[str, ...]) -> None:
    other = tmp_path / "other"
    ensure_pki(other, BASE_URL, NOW)
    for kind in written:
        (copied / f"seal.{kind}.next").write_bytes((other / f"seal.{kind}").read_bytes())
        (copied / f"seal.{kind}.next").chmod(0o600)
    if written == ("pem",):
        (copied / "seal.key").write_bytes((other / "seal.key").read_bytes())
    ensure_pki(copied, BASE_URL, NOW)
    expected = copied if written == ("key",) else other
    assert open_pki(copied).seal[1].public_key() == open_pki(expected).seal[1].public_key()
    assert list(copied.glob("*.next")) == []


def test_another_address_is_refused_because_certificates_carry_the_first(copied: Path) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        ensure_pki(copied, "http://elsewhere.invalid", NOW)
    assert refusal.value.code == "configuration.pki_address"


def test_a_key_that_others_can_read_is_refused(copied: Path) -> None:
    (copied / "root.key").chmod(0o644)
    with pytest.raises(ConfigurationError) as refusal:
        open_pki(copied)
    assert refusal.value.code == "configuration.secret_readable"


@pytest.mark.parametrize("name", ["pki.json", "seal.key", "seal.pem", "flows.token"])
def test_a_missing_file_is_named_by_an_error_of_ours(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(ConfigurationError):
        open_pki(copied)


def test_a_key_that_is_not_its_certificates_is_refused(copied: Path) -> None:
    (copied / "seal.key").write_bytes((copied / "timestamps.key").read_bytes())
    with pytest.raises(ConfigurationError, match="seal"):
        open_pki(copied)


@pytest.mark.parametrize("name", [*ANCHOR_FILES, "desk.token"])
def test_missing_anchors_and_tokens_are_configuration_errors(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(ConfigurationError):
        read_token(copied, name.removesuffix(".token")) if name.endswith(".token") else read_anchors(copied)


def test_the_register_keeps_the_first_revocation_and_draws_numbers(tmp_path: Path, made: Path) -> None:
    register = Register(tmp_path / "register.sqlite")
    certificate = open_pki(made).seal[1]
    assert not register.revoke("syndicate", certificate.serial_number, NOW)
    for _ in range(2):
        register.record("syndicate", certificate, "", NOW)
    assert register.revoked("syndicate") == ()
    assert register.revoke("syndicate", certificate.serial_number, NOW)
    assert register.revoke("syndicate", certificate.serial_number, NOW + timedelta(hours=1))
    (revoked,) = register.revoked("syndicate")
    assert (revoked.status, revoked.revoked_at) == (Status.REVOKED, NOW)
    assert register.find("members", certificate.serial_number) is None
    assert [register.next_crl_number("root") for _ in range(3)] == [1, 2, 3]
    register.close()
