"""``--trust``: anchors of a former PKI vouch, by hand too, up to the end that stands beside them and no longer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contreseing.cli import app
from conventions.bundle import FORMER_ENDS
from conventions.errors import ConfigurationError
from conventions.sentences import sentence
from signing.pki.directory import read_anchors
from signing.trust_files import read_given
from tests.contract.signing.running import RunningPki
from tests.contract.signing.test_roll_over import AUTHORITY_SECONDS, made, signed_by_member
from tests.unit.signing.material import countersigned

VALID, NOT_VALID = 0, 1


@dataclass(frozen=True)
class Change:
    """A PKI with its folder of anchors, when it ended, and files signed by it before and after."""

    pki: RunningPki
    folder: Path
    until: datetime
    before: Path
    after: Path


@pytest.fixture(scope="module")
def change(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Change]:
    folder = tmp_path_factory.mktemp("change")
    pki = made(folder / "pki", "Syndicat fictif")
    with closing(pki.adapter()) as signing:
        before, after = folder / "before.pdf", folder / "after.pdf"
        before.write_bytes(countersigned(signing, signed_by_member(signing)))
        until = datetime.now(UTC)
        time.sleep(AUTHORITY_SECONDS)
        after.write_bytes(countersigned(signing, signed_by_member(signing)))
    yield Change(pki, folder, until, before, after)
    pki.stop()


def former(change: Change, place: Path, told: str) -> Path:
    """Lay out a former PKI as ``PKI_FORMER_DIR`` has it."""
    place.mkdir(parents=True)
    for name, pem in read_anchors(change.pki.folder).items():
        (place / name).write_bytes(pem)
    (place / "former.toml").write_text(told, encoding="utf-8")
    return place


def bundle(change: Change, place: Path) -> Path:
    """Lay out what a bundle holds of former authorities; the folder of its certificates is what is given."""
    (place / "certificats").mkdir(parents=True)
    ends = {}
    for rank, pem in enumerate(read_anchors(change.pki.folder).values(), 1):
        (place / "certificats" / f"racine-{rank}.pem").write_bytes(pem)
        ends[f"certificats/racine-{rank}.pem"] = change.until.isoformat()
    (place / FORMER_ENDS).write_text(json.dumps(ends), encoding="utf-8")
    return place / "certificats"


def verified(*arguments: Path | str) -> tuple[int, list[str]]:
    done = CliRunner().invoke(app, ["verify", *map(str, arguments), "--json"])
    return done.exit_code, [reason for line in done.stdout.splitlines() for reason in json.loads(line)["reasons"]]


Lay = Callable[[Change, Path], Path]


@pytest.mark.parametrize(
    "lay", [lambda change, place: former(change, place, f"until = {change.until.isoformat()}\n"), bundle], ids=["folder", "bundle"]
)
def test_what_is_later_than_its_end_is_not_valid(change: Change, tmp_path: Path, lay: Lay) -> None:
    trust = lay(change, tmp_path / "given")
    assert verified(change.before, "--trust", trust) == (VALID, [])
    code, reasons = verified(change.after, "--trust", trust)
    assert code == NOT_VALID
    assert any("chain.former" in reason for reason in reasons)


def test_one_file_of_such_a_folder_has_its_end_too(change: Change, tmp_path: Path) -> None:
    trust = former(change, tmp_path / "given", f"until = {change.until.isoformat()}\n")
    assert verified(change.before, "--trust", trust / "root.pem")[0] == VALID
    assert verified(change.after, "--trust", trust / "root.pem")[0] == NOT_VALID


def test_an_anchor_also_given_without_an_end_has_none(change: Change, tmp_path: Path) -> None:
    trust = former(change, tmp_path / "given", f"until = {change.until.isoformat()}\n")
    here = tmp_path / "here"
    here.mkdir()
    for name, pem in read_anchors(change.pki.folder).items():
        (here / name).write_bytes(pem)
    assert verified(change.after, "--trust", trust, "--trust", here) == (VALID, [])


@pytest.mark.parametrize("told", ["", "until = 2026\n", "until = 2026-12-31\nuntill = 2026-12-31\n", "until ="])
def test_a_folder_that_does_not_say_when_it_ends_is_not_believed(change: Change, tmp_path: Path, told: str) -> None:
    trust = former(change, tmp_path / "given", told)
    done = CliRunner().invoke(app, ["verify", str(change.before), "--trust", str(trust)])
    assert isinstance(done.exception, ConfigurationError)
    assert "jusqu’à quand" in sentence(done.exception)


@pytest.mark.parametrize("told", ["[]", "{", '{"certificats/racine-1.pem": 3}', '{"certificats/racine-1.pem": "2026-01-01T00:00:00"}'])
def test_a_bundle_whose_ends_cannot_be_read_is_not_believed(change: Change, tmp_path: Path, told: str) -> None:
    trust = bundle(change, tmp_path / "given")
    (trust.parent / FORMER_ENDS).write_text(told, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        read_given({trust / "racine-1.pem": (trust / "racine-1.pem").read_bytes()})
    assert refused.value.code == "configuration.former_ends"
    assert "anciennes-autorites.json" in sentence(refused.value)


def test_by_hand_nothing_is_signed_with_what_has_ended(change: Change, tmp_path: Path) -> None:
    trust = former(change, tmp_path / "given", f"until = {change.until.isoformat()}\n")
    command = ["restamp", str(change.before), "--trust", str(trust), "--tsa", f"{change.pki.address}/tsa", "--output", str(tmp_path)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code != VALID
    assert not list(tmp_path.glob("*.pdf"))
