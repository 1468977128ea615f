"""A real bundle of a convention that the syndicate returned: one signature, told as such, verified like any other."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contreseing.wiring import close_ports
from conventions.agreements import FactKind
from conventions.status import Status
from conventions.steps import redraft, resume, return_to_member
from conventions.steps.bundle import Bundle, bundle
from documents.structure_text import parse_structure_text
from storage.proof import verify
from tests.integration.steps.conftest import MakeGround
from tests.integration.steps.town import Town
from tests.invariants import check_folder_is_listed

pytestmark = [pytest.mark.needs_tool("openssl"), pytest.mark.timeout(300)]
Verify = Callable[..., tuple[int, str]]
ALONE = "Attention : une seule signature, celle du membre : ce document n'est pas contresigné."


@dataclass(frozen=True)
class Left:
    """The bundle right after the return, and the one made while the next version waits for the member."""

    at_rest: Bundle
    reopened: Bundle


@pytest.fixture(scope="module")
def left(make_ground: MakeGround) -> Iterator[Left]:
    ground = make_ground("sqlite")
    town = Town(ground.ports(), ground)
    town.open()
    reference = town.invited()
    town.sign(reference)
    return_to_member.return_to_member(town.ports, town.at_desk(), reference, "Un nom à corriger.")
    town.deliver()
    assert (reference, "keep_trail") in resume.resume(town.ports).done
    assert town.status(reference) is Status.RETURNED
    assert town.agreement(reference).fact(FactKind.TRAIL_KEPT) is not None
    first = bundle(town.ports, reference, "essai")
    assert bundle(town.ports, reference, "essai").data == first.data
    redraft.redraft(town.ports, reference, "agent")
    resume.resume(town.ports)
    town.deliver()
    assert town.status(reference) is Status.AWAITING_MEMBER
    yield Left(first, bundle(town.ports, reference, "essai"))
    check_folder_is_listed(town.ports, reference)
    close_ports(town.ports)


def extracted(made: Bundle, into: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(made.data)) as packed:
        packed.extractall(into)
    return into / made.filename.removesuffix(".zip")


@pytest.mark.parametrize("which", ["at_rest", "reopened"])
def test_it_is_verified_and_the_verdict_says_that_nobody_countersigned(
    left: Left, which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made: Bundle = getattr(left, which)
    folder = extracted(made, tmp_path)
    assert verify.main([str(folder), "--root", made.root_sha256]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == f"VÉRIFIÉ. {ALONE}"
    assert "NON " not in said
    assert "OUI  Signatures : une seule signature, celle du membre" in said
    assert "jugé valable à l'archivage par le lecteur « pyHanko »" in said
    assert "OUI  Récit : Cachet des preuves" in said
    assert verify.main([str(folder)]) == 3
    assert capsys.readouterr().out.splitlines()[-1] == f"INTACT, mais l'origine n'est pas établie. {ALONE}"
    assert verify.main([str(folder), "--root", "0" * 64]) == 1


def test_a_bit_changed_in_it_is_found(left: Left, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = extracted(left.at_rest, tmp_path)
    (signed,) = (folder / "convention").glob("????-member_signed.pdf")
    data = bytearray(signed.read_bytes())
    data[len(data) // 2] ^= 1
    signed.write_bytes(bytes(data))
    assert verify.main([str(folder)]) == 1
    assert "altéré : convention/" in capsys.readouterr().out


def test_its_evidence_file_says_it_in_words_and_both_readers_judged_the_member_alone(left: Left, tmp_path: Path) -> None:
    folder = extracted(left.at_rest, tmp_path)
    (data,) = (folder / "convention").glob("????-evidence-data.json")
    told = json.loads(data.read_bytes())
    assert [(one["reader"], one["is_valid"]) for one in told["validations"]] == [("pyHanko", True), ("contreseing", True)]
    assert [one["field"] for one in told["signatures"]] == ["Signature_Membre"]
    assert "agreement.returned" in {event["type"] for event in told["events"]}
    (pdf,) = (folder / "convention").glob("????-evidence.pdf")
    text = " ".join(block for part in parse_structure_text(pdf.read_bytes()) for block in part)
    assert "Ce fichier ne porte que la signature du membre" in text
    assert "aucun : cette personne n’a pas signé ce fichier" in text
    assert "Le syndicat n’a pas contresigné ce document" in (folder / "LISEZ-MOI.txt").read_text(encoding="utf-8")
