"""The parts of a bundle: anchors one a file, names that programs know, a ZIP that depends on nothing but its files."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime

import pytest

from conventions.bundle import (
    FORMER_ENDS,
    archived_name,
    certificate_fingerprint,
    material_files,
    parse_pem,
    render_pem,
    render_zip,
)
from conventions.canonical import sha256_hex
from conventions.ports.registry import ArchiveEntry
from conventions.signatures import FormerAuthorities, ProofMaterial


def pem(*ders: bytes) -> bytes:
    return b"".join(render_pem("CERTIFICATE", der) for der in ders)


def test_each_anchor_has_a_file_of_its_own_and_those_of_others_are_further_roots() -> None:
    anchors = {"root.pem": pem(b"root", b"authority of a provider"), "members-ca.pem": pem(b"members"), "signatory-ca.pem": pem(b"a", b"b")}
    material = ProofMaterial((b"members", b"signer"), (), (), ())
    files = material_files(anchors, [material, material])
    assert {name: parse_pem(data) for name, data in files.items()} == {
        "certificats/racine.pem": [b"root"],
        "certificats/ac-membres.pem": [b"members"],
        "certificats/racine-2.pem": [b"authority of a provider"],
        "certificats/racine-3.pem": [b"a"],
        "certificats/racine-4.pem": [b"b"],
        f"certificats/{sha256_hex(b'signer')[:16]}.pem": [b"signer"],
    }
    assert certificate_fingerprint(anchors["root.pem"]) == sha256_hex(b"root")


def test_anchors_of_former_authorities_are_numbered_on_and_say_until_when_they_vouch() -> None:
    anchors = {"root.pem": pem(b"root"), "members-ca.pem": pem(b"members"), "signatory-ca.pem": pem(b"provider")}
    first, second = datetime(2020, 12, 31, 23, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)
    former = (
        FormerAuthorities("2020", {"root.pem": pem(b"old root"), "members-ca.pem": pem(b"older members")}, first),
        FormerAuthorities(
            "2026",
            {"root.pem": pem(b"old root"), "members-ca.pem": pem(b"old members"), "signatory-ca.pem": pem(b"provider", b"other")},
            second,
        ),
    )
    files = material_files(anchors, [ProofMaterial((b"old members", b"signer"), (), (), (), (b"old root",))], former)
    ends = json.loads(files.pop(FORMER_ENDS))
    assert {name: parse_pem(data) for name, data in files.items()} == {
        "certificats/racine.pem": [b"root"],
        "certificats/ac-membres.pem": [b"members"],
        "certificats/racine-2.pem": [b"provider"],
        "certificats/ac-membres-2.pem": [b"older members"],
        "certificats/racine-3.pem": [b"old root"],
        "certificats/ac-membres-3.pem": [b"old members"],
        "certificats/racine-4.pem": [b"other"],
        f"certificats/{sha256_hex(b'signer')[:16]}.pem": [b"signer"],
    }
    assert ends == {
        "certificats/ac-membres-2.pem": first.isoformat(),
        "certificats/racine-3.pem": second.isoformat(),
        "certificats/ac-membres-3.pem": second.isoformat(),
        "certificats/racine-4.pem": second.isoformat(),
    }
    alike = FormerAuthorities("here", {"root.pem": anchors["root.pem"]}, first)
    assert FORMER_ENDS not in material_files(anchors, [], (alike,))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("sealed", "convention/0007-sealed.pdf"),
        ("restamped-2", "convention/0007-restamped-2.pdf"),
        ("mail-code", "convention/0007-mail-code.eml"),
        ("ceremony-seal", "convention/0007-ceremony-seal.p7s"),
        ("ceremony-timestamp", "convention/0007-ceremony-timestamp.tsr"),
        ("record", "convention/0007-record.json"),
        ("validation-pyHanko", "convention/0007-validation-pyHanko.json"),
    ],
)
def test_archived_objects_have_names_that_programs_know(kind: str, name: str) -> None:
    entry = ArchiveEntry("2026-0001", 7, kind, "0" * 64, 1, "key", datetime(2040, 12, 31, tzinfo=UTC))
    assert archived_name(entry) == name


def test_the_same_files_make_the_same_zip_in_whatever_order_they_come() -> None:
    one, other = {"b/c": b"2", "a": b"1"}, {"a": b"1", "b/c": b"2"}
    assert render_zip("folder", one) == render_zip("folder", other)
    with zipfile.ZipFile(io.BytesIO(render_zip("folder", one))) as packed:
        assert packed.namelist() == ["folder/a", "folder/b/c"]
        assert {member.date_time for member in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_pem_is_read_back_whatever_stands_around_it() -> None:
    der = bytes(range(256))
    assert parse_pem(b"Subject: somebody\n" + render_pem("CERTIFICATE", der) + b"after") == [der]
    assert parse_pem(b"nothing") == []
