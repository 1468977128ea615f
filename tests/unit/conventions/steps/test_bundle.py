"""The proof bundle by its step: what it holds, that it is the same twice, and when there is none."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from conventions.agreements import FactKind
from conventions.bundle import FORMER_ENDS, render_pem
from conventions.bundle_readme import render_readme
from conventions.canonical import sha256_hex
from conventions.errors import EvidenceBroken, NotFound
from conventions.folder import keep, listed_entries
from conventions.retention import retain_until
from conventions.signatures import FormerAuthorities
from conventions.steps.bundle import Bundle, bundle
from conventions.steps.stamp_journal import stamp_journal
from tests.fakes.world import World

FIXED = {"LISEZ-MOI.txt", "SHA256SUMS", "dossier.json", "dossier.json.p7s", "dossier.json.tsr", "verify.py"}


def extracted(made: Bundle) -> Mapping[str, bytes]:
    """Read the files of a bundle, without its one folder."""
    folder = made.filename.removesuffix(".zip")
    with zipfile.ZipFile(io.BytesIO(made.data)) as archive:
        assert archive.testzip() is None
        return {name.removeprefix(f"{folder}/"): archive.read(name) for name in archive.namelist()}


def test_a_bundle_holds_the_folder_the_proofs_and_the_program() -> None:
    world = World()
    reference = world.archived()
    made = bundle(world.ports, reference, "agent")
    files = extracted(made)
    assert made.filename == f"dossier-de-preuve-{reference}.zip"
    assert made.root_sha256 == sha256_hex(b"root")
    assert {name for name in files if "/" not in name} == FIXED
    archived = {sha256_hex(data) for key, data in world.archive.objects.items() if key.startswith(f"agreements/{reference}/")}
    assert {sha256_hex(data) for name, data in files.items() if name.startswith("convention/")} == archived
    assert {name for name in files if name.startswith("certificats/")} == {
        "certificats/racine.pem",
        f"certificats/{sha256_hex(b'certificate')[:16]}.pem",
    }
    listed = {item["path"]: item["sha256"] for item in json.loads(files["dossier.json"])["files"]}
    assert listed == {name: sha256_hex(data) for name, data in files.items() if name not in FIXED - {"LISEZ-MOI.txt", "verify.py"}}
    sums = {line[66:]: line[:64] for line in files["SHA256SUMS"].decode().splitlines()}
    assert sums == {name: sha256_hex(data) for name, data in files.items() if name != "SHA256SUMS"}


def test_the_readme_says_who_signed_what_and_names_every_object() -> None:
    world = World()
    reference = world.archived()
    files = extracted(bundle(world.ports, reference, "agent"))
    text = files["LISEZ-MOI.txt"].decode()
    assert reference in text
    assert "Signé le" in text
    assert "Contresigné le" in text
    assert all(name.removeprefix("convention/") in text for name in files if name.startswith("convention/"))
    assert "un objet archivé\n" not in text
    assert max(len(line) for line in text.splitlines()) < 140


def test_a_bundle_after_a_roll_over_holds_the_former_authorities_and_says_their_end() -> None:
    world = World()
    reference = world.archived()
    before = extracted(bundle(world.ports, reference, "agent"))
    until = datetime(2026, 12, 31, 22, 59, 59, 999_999, tzinfo=UTC)
    world.signing.former = (FormerAuthorities("Igc-2026", {"root.pem": render_pem("CERTIFICATE", b"former")}, until),)
    files = extracted(bundle(world.ports, reference, "agent"))
    assert set(files) - set(before) >= {FORMER_ENDS, "certificats/racine-2.pem"}
    assert json.loads(files[FORMER_ENDS]) == {"certificats/racine-2.pem": until.isoformat()}
    assert FORMER_ENDS in {item["path"] for item in json.loads(files["dossier.json"])["files"]}
    told = files["LISEZ-MOI.txt"].decode()
    assert "« Igc-2026 » : jusqu’au 31 décembre 2026 à 23" in told.replace("\u00a0", " ").replace("\u202f", " ")
    assert FORMER_ENDS not in before["LISEZ-MOI.txt"].decode()


def test_the_same_state_is_the_same_bundle_and_is_sealed_once() -> None:
    world = World()
    reference = world.archived()
    first, second = bundle(world.ports, reference, "agent"), bundle(world.ports, reference, "other")
    assert second.data == first.data
    assert world.signing.seals_made == 1
    with world.registry.read() as tx:
        events = [entry.event for entry in tx.events(reference) if entry.event.type == "bundle.made"]
    assert [event.personal["by"] for event in events] == ["agent", "other"]
    assert {event.data["sha256"] for event in events} == {sha256_hex(first.data)}


def test_events_come_with_what_was_not_purged_of_them() -> None:
    world = World()
    reference = world.archived()
    files = extracted(bundle(world.ports, reference, "agent"))
    proofs = json.loads(files["journal/preuves.json"])["events"]
    events = [json.loads(line) for line in files["journal/evenements.jsonl"].splitlines()]
    assert len(proofs) == len(events)
    opened = {one["name"] for proof in proofs for one in proof["opened"]}
    assert {"address", "user_agent", "to"} <= opened
    assert all(set(proof) == {"index", "path", "opened"} for proof in proofs)


def test_a_later_fact_brings_a_later_head() -> None:
    world = World()
    reference = world.member_signed()
    assert stamp_journal(world.ports)
    early = extracted(bundle(world.ports, reference, "agent"))
    assert "Contresigné" not in early["LISEZ-MOI.txt"].decode().partition("1. VÉRIFIER")[0]
    world.authorise(reference)
    late = extracted(bundle(world.ports, reference, "agent"))
    assert json.loads(late["journal/tete.json"])["size"] > json.loads(early["journal/tete.json"])["size"]


def test_what_is_not_in_the_last_index_yet_waits_for_the_next() -> None:
    world = World()
    reference = world.archived()
    note = keep(world.ports, reference, "note", b"{}", retain_until(world.programme, 10))
    with world.registry.read() as tx:
        completed = list(tx.archive_entries(reference))
    assert note.key in {entry.key for entry in completed}
    assert listed_entries(world.ports, reference) == completed[:-1]


def test_there_is_no_bundle_of_what_is_not_archived() -> None:
    world = World()
    with pytest.raises(NotFound) as error:
        bundle(world.ports, world.invited(), "agent")
    assert error.value.code == "bundle.nothing_archived"


def test_altered_archived_bytes_make_no_bundle() -> None:
    world = World()
    reference = world.archived()
    key = next(key for key in world.archive.objects if "-sealed-" in key)
    world.archive.objects[key] += b" "
    with pytest.raises(EvidenceBroken) as error:
        bundle(world.ports, reference, "agent")
    assert error.value.code == "evidence.archived_differs"


def test_a_fact_that_the_journal_ignores_makes_no_bundle() -> None:
    world = World()
    reference = world.archived()
    agreement = world.agreement(reference)
    facts = tuple(replace(fact, at=fact.at.replace(microsecond=7)) if fact.kind is FactKind.ARCHIVED else fact for fact in agreement.facts)
    world.registry.state.agreements[reference] = replace(agreement, facts=facts)
    with pytest.raises(EvidenceBroken) as error:
        bundle(world.ports, reference, "agent")
    assert error.value.code == "journal.fact_missing"


def test_a_kind_of_object_that_nobody_described_is_still_listed() -> None:
    world = World()
    reference = world.member_signed()
    with world.registry.read() as tx:
        entry: Any = replace(tx.archive_entries(reference)[0], kind="strange")
    text = render_readme(world.agreement(reference), [entry], ["convention/0001-strange.json"]).decode()
    assert "un objet archivé" in text


def test_a_file_that_nobody_signed_says_so() -> None:
    world = World()
    text = render_readme(world.agreement(world.invited()), [], []).decode()
    assert "personne n’avait signé" in text
