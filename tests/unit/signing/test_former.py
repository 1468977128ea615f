"""Former PKIs: what their folders must say, until when they vouch, and that nobody of them is among those of today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from conventions.errors import ConfigurationError, VerificationFailed
from conventions.kinds import Party
from conventions.sentences import sentence
from conventions.signatures import FormerAuthorities
from signing.believed import believe
from signing.chains import build_chain
from signing.former_trust import ends_of, trust_in_time
from signing.identities import IssuerRule
from signing.pki.certificates import issue_signer
from signing.pki.directory import ANCHOR_FILES
from signing.pki.former import FormerPki, read_former
from signing.pki.policies import MEMBERS_POLICY, SYNDICATE_POLICY
from signing.signatories import LastingKey
from tests.unit.signing.authority import BASE_URL, MemoryPki, memory_pki
from tests.unit.signing.test_pki_certificates import SUBJECT

NOW = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)
UNTIL = datetime(2026, 12, 31, 22, 59, 59, 999_999, tzinfo=UTC)
BEFORE, TODAY, PROVIDER = memory_pki(), memory_pki(), memory_pki()


def anchors(pki: MemoryPki) -> dict[str, bytes]:
    return {name: one.public_bytes(serialization.Encoding.PEM) for name, one in zip(ANCHOR_FILES, pki.anchors, strict=True)}


def folder_of(folder: Path, told: str | None = "until = 2026-12-31\n", **files: bytes) -> Path:
    """Write a former PKI under ``2026``; an empty file is left out."""
    place = folder / "2026"
    place.mkdir()
    for name, data in {**anchors(BEFORE), **{f"{name.replace('_', '-')}.pem": data for name, data in files.items()}}.items():
        if data:
            (place / name).write_bytes(data)
    if told is not None:
        (place / "former.toml").write_text(told, encoding="utf-8")
    return folder


def former(pki: MemoryPki = BEFORE, until: datetime = UNTIL, policy: str = SYNDICATE_POLICY, **files: bytes) -> FormerPki:
    given = {**anchors(pki), **{f"{name.replace('_', '-')}.pem": data for name, data in files.items()}}
    return FormerPki(FormerAuthorities("2026", given, until), policy)


@pytest.mark.parametrize(
    ("told", "until"),
    [
        ("until = 2026-12-31", UNTIL),
        ("until = 2026-07-14", datetime(2026, 7, 14, 21, 59, 59, 999_999, tzinfo=UTC)),
        ("until = 2026-12-31T18:00:00+01:00", datetime(2026, 12, 31, 17, tzinfo=UTC)),
        ("until = 2027-01-15", datetime(2027, 1, 15, 22, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_a_former_pki_vouches_to_the_end_of_a_day_in_paris_or_to_an_instant(tmp_path: Path, told: str, until: datetime) -> None:
    (folder_of(tmp_path, told) / ".hidden").write_text("not looked at")
    (found,) = read_former(tmp_path, NOW)
    assert found == former(until=until)


def test_there_may_be_none_and_several(tmp_path: Path) -> None:
    assert read_former(None, NOW) == read_former(tmp_path, NOW) == ()
    folder_of(tmp_path)
    (tmp_path / "2026").rename(tmp_path / "2020")
    folder_of(tmp_path)
    assert [one.authorities.name for one in read_former(tmp_path, NOW)] == ["2020", "2026"]


def test_the_ca_of_a_signatorys_key_may_be_all_that_is_former(tmp_path: Path) -> None:
    ca = PROVIDER.syndicate.certificate.public_bytes(serialization.Encoding.PEM)
    folder_of(tmp_path, 'until = 2026-12-31\nsignatory_policy = "1.2.3"\n', root=b"", members_ca=b"", syndicate_ca=b"", signatory_ca=ca)
    (found,) = read_former(tmp_path, NOW)
    assert found == FormerPki(FormerAuthorities("2026", {"signatory-ca.pem": ca}, UNTIL), "1.2.3")
    assert believe(anchors(TODAY), former=[found]).issuers[Party.SYNDICATE].also == (IssuerRule(PROVIDER.syndicate.certificate, "1.2.3"),)


@pytest.mark.parametrize(
    ("told", "files", "code"),
    [
        (None, {}, "configuration.former_until"),
        ("", {}, "configuration.former_until"),
        ("untill = 2026-12-31", {}, "configuration.former_until"),
        ("until = 2026-12-31\nsince = 2020-01-01", {}, "configuration.former_until"),
        ("until = 2026-12-31T18:00:00", {}, "configuration.former_until"),
        ('until = "2026-12-31"', {}, "configuration.former_until"),
        ("until = ", {}, "configuration.former_until"),
        ("until = 2027-01-16", {}, "configuration.former_to_come"),
        ("until = 2026-12-31", {"root": b""}, "configuration.former_pki"),
        ("until = 2026-12-31", {"root": b"", "members_ca": b"", "syndicate_ca": b""}, "configuration.former_pki"),
    ],
)
def test_what_a_former_pki_does_not_say_is_refused_in_french(tmp_path: Path, told: str | None, files: dict[str, bytes], code: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        read_former(folder_of(tmp_path, told, **files), NOW)
    assert refusal.value.code == code
    assert "« 2026 » (PKI_FORMER_DIR)" in sentence(refusal.value).replace("\u00a0", " ")


def test_files_beside_the_folders_and_a_folder_that_is_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(anchors(BEFORE)["root.pem"])
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigurationError) as refusal:
            read_former(place, NOW)
        assert refusal.value.code == "configuration.former_pki"


@pytest.mark.parametrize(
    "given",
    [former(root=b"not a certificate"), former(members_ca=anchors(BEFORE)["members-ca.pem"] + anchors(PROVIDER)["members-ca.pem"])],
    ids=["unreadable", "two in one file"],
)
def test_an_anchor_that_is_not_one_certificate_is_refused(given: FormerPki) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        believe(anchors(TODAY), former=[given])
    assert refusal.value.code == "configuration.former_pki"


def test_a_former_pki_that_is_that_of_today_would_bind_nothing_and_is_refused() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        believe(anchors(TODAY), former=[former(TODAY)])
    assert refusal.value.code == "configuration.former_alike"
    lasting = LastingKey(None, ca=PROVIDER.syndicate.certificate)
    ca = PROVIDER.syndicate.certificate.public_bytes(serialization.Encoding.PEM)
    with pytest.raises(ConfigurationError) as refusal:
        believe(anchors(TODAY), lasting, former=[former(signatory_ca=ca)])
    assert refusal.value.code == "configuration.former_alike"


def test_who_certifies_today_is_apart_from_who_ever_did() -> None:
    believed = believe(anchors(TODAY), former=[former()])
    assert believed.present == {
        Party.MEMBER: IssuerRule(TODAY.members.certificate, MEMBERS_POLICY),
        Party.SYNDICATE: IssuerRule(TODAY.syndicate.certificate, SYNDICATE_POLICY),
    }
    assert believed.issuers[Party.MEMBER].also == (IssuerRule(BEFORE.members.certificate, MEMBERS_POLICY),)
    assert believed.issuers[Party.SYNDICATE].also == (IssuerRule(BEFORE.syndicate.certificate, SYNDICATE_POLICY),)
    assert "2026" not in "".join(believed.anchors_pem)
    assert set(believed.trust.ends) == set(BEFORE.anchors)


def test_a_root_above_both_has_no_end_and_what_it_no_longer_certifies_through_has_one() -> None:
    shared = former(root=anchors(TODAY)["root.pem"])
    assert set(believe(anchors(TODAY), former=[shared]).trust.ends) == {BEFORE.members.certificate, BEFORE.syndicate.certificate}


def test_an_anchor_of_two_former_pkis_ends_with_the_last() -> None:
    later = UNTIL + timedelta(days=3)
    ends = ends_of([former(until=later), former(PROVIDER, root=anchors(BEFORE)["root.pem"])])
    assert (ends[BEFORE.root.certificate], ends[PROVIDER.members.certificate]) == (later, UNTIL)


def test_a_path_through_a_former_authority_holds_until_its_end_and_no_longer() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    signer = issue_signer(BEFORE.members, key, SUBJECT, MEMBERS_POLICY, BASE_URL, UNTIL)
    trust = trust_in_time(anchors(TODAY).values(), [former()])
    assert build_chain(signer, (), trust, UNTIL)[-1] == BEFORE.root.certificate
    for at in (UNTIL + timedelta(microseconds=1), UNTIL + timedelta(minutes=5)):
        with pytest.raises(VerificationFailed) as refusal:
            build_chain(signer, (), trust, at)
        assert refusal.value.code == "chain.former"
    assert build_chain(signer, (), trust.without_ends(), UNTIL + timedelta(minutes=5))
