"""A PKI after another under the steps: what members signed before goes on to its end, and bundles are verified with both roots."""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contreseing.wiring import close_ports
from conventions.bundle import FORMER_ENDS, certificate_fingerprint
from conventions.status import Status
from conventions.steps import activate, archive, countersign, restamp, resume
from conventions.steps.bundle import Bundle, bundle
from signing.pki.directory import ensure_pki, read_anchors, read_description
from storage.proof import verify
from tests.contract.signing.running import RunningPki
from tests.integration.steps.conftest import MakeGround
from tests.integration.steps.ground import Ground
from tests.integration.steps.town import Town

pytestmark = [
    pytest.mark.needs_tool("openssl"),
    pytest.mark.timeout(300),
    pytest.mark.left_to_ci("every day tests/contract/signing/test_roll_over.py signs, reads and renews across the change"),
]
TOKENS = ("portal", "flows", "desk", "proofs")


@dataclass(frozen=True)
class Rolled:
    """The town after the roll-over, an agreement complete before it, one that its member signed before it, and both roots."""

    town: Town
    complete: str
    half: str
    before: str
    after: str


def rolled_over(ground: Ground, former: Path, after: RunningPki) -> Ground:
    """Set what an operator sets: the new PKI's address, anchors and rights, and where the former one's anchors are."""
    stamps = f"{after.address}/tsa {after.address}/tsa2"
    given = {"pki_url": after.address, "pki_anchors_dir": str(after.folder), "pki_former_dir": str(former), "tsa_urls": stamps}
    rights = {f"pki_{name}_token_file": str(after.folder / f"{name}.token") for name in TOKENS}
    return replace(ground, overrides={**ground.overrides, **given, **rights})


def finished(town: Town, reference: str) -> None:
    countersign.countersign(town.ports, town.authorise(reference).id)
    archive.archive(town.ports, reference)
    activate.activate(town.ports, reference)
    town.deliver()
    assert town.status(reference) is Status.ACTIVE


@pytest.fixture(scope="module")
def rolled(make_ground: MakeGround, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rolled]:
    ground, folder = make_ground("sqlite"), tmp_path_factory.mktemp("roll-over")
    town = Town(ground.ports(), ground)
    town.open(slice(10, 12))
    complete, half = town.drafted()
    resume.resume(town.ports)
    town.deliver()
    for reference in (complete, half):
        town.sign(reference)
    finished(town, complete)
    anchors = read_anchors(ground.settings().pki_anchors_dir)
    (folder / "former" / "2026").mkdir(parents=True)
    for name, pem in anchors.items():
        (folder / "former" / "2026" / name).write_bytes(pem)
    (folder / "former" / "2026" / "former.toml").write_text(f"until = {datetime.now(UTC).isoformat()}\n", encoding="utf-8")
    close_ports(town.ports)
    time.sleep(1.1)  # time-stamps have whole seconds
    after, (_, organisation) = RunningPki(folder / "after"), read_description(ground.settings().pki_anchors_dir)
    ensure_pki(after.folder, after.address, datetime.now(UTC), organisation)  # authorities of the same names
    after.start()
    new = rolled_over(ground, folder / "former", after)
    later = Town(new.ports(), new)
    roots = [certificate_fingerprint(pems["root.pem"]) for pems in (anchors, read_anchors(after.folder))]
    yield Rolled(later, complete, half, *roots)
    close_ports(later.ports)
    after.stop()


def extracted(made: Bundle, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(made.data)) as packed:
        packed.extractall(folder)
    return folder / made.filename.removesuffix(".zip")


def judged(folder: Path, capsys: pytest.CaptureFixture[str], *roots: str) -> tuple[int, str]:
    code = verify.main([str(folder), *(word for root in roots for word in ("--root", root))])
    return code, capsys.readouterr().out


def test_what_its_member_signed_before_is_countersigned_archived_and_proved_after(
    rolled: Rolled, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished(rolled.town, rolled.half)
    folder = extracted(bundle(rolled.town.ports, rolled.half, "essai"), tmp_path)
    former = [f"certificats/{name}-2.pem" for name in ("ac-membres", "ac-syndicat", "racine")]
    assert sorted(json.loads((folder / FORMER_ENDS).read_bytes())) == former
    code, said = judged(folder, capsys, rolled.before, rolled.after)
    assert (code, said.splitlines()[-1]) == (0, "VÉRIFIÉ."), said
    for alone in (rolled.before, rolled.after):
        assert judged(folder, capsys, alone)[0] == 1
    assert judged(folder, capsys)[0] == 3


def test_what_was_complete_before_is_renewed_and_proved_after(rolled: Rolled, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ports = replace(rolled.town.ports, rules=replace(rolled.town.ports.rules, restamp_after=timedelta()))
    assert restamp.restamp(ports, rolled.complete)
    code, said = judged(extracted(bundle(ports, rolled.complete, "essai"), tmp_path), capsys, rolled.before, rolled.after)
    assert (code, said.splitlines()[-1]) == (0, "VÉRIFIÉ."), said


def test_a_bundle_whose_former_authority_ended_before_it_signed_does_not_hold(
    rolled: Rolled, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = extracted(bundle(rolled.town.ports, rolled.complete, "essai"), tmp_path)
    ends = json.loads((folder / FORMER_ENDS).read_bytes())
    (folder / FORMER_ENDS).write_text(json.dumps(dict.fromkeys(ends, "2026-01-01T00:00:00+00:00")), encoding="utf-8")
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    sums = (f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in files)
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    code, said = judged(folder, capsys, rolled.before, rolled.after)
    assert code == 1
    assert "NON  Sceau" in said
    assert "NON  Signatures : « Autorité de signature du syndicat » ne valait plus le" in said
