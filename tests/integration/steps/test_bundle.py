"""A real bundle in an empty folder, verified by the program that it carries; every bit of it counts."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from contreseing.wiring import close_ports
from conventions.steps import activate, archive, countersign
from conventions.steps.bundle import Bundle, bundle
from documents.wording_files import BUNDLED
from storage.proof import verify
from tests.integration.steps.conftest import MakeGround
from tests.integration.steps.town import CODE, LINK, Town
from tests.tools import ROOT

pytestmark = [pytest.mark.needs_tool("openssl"), pytest.mark.timeout(300)]
TRUSTED_COPY = ROOT / "storage" / "proof" / "verify.py"
Verify = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def made(make_ground: MakeGround) -> Iterator[Bundle]:
    ground = make_ground("sqlite")
    town = Town(ground.ports(), ground)
    town.open()
    reference = town.invited()
    town.sign(reference)
    countersign.countersign(town.ports, town.authorise(reference).id)
    for step in (archive.archive, activate.activate):
        step(town.ports, reference)
    town.deliver()
    first = bundle(town.ports, reference, "essai")
    assert bundle(town.ports, reference, "essai").data == first.data
    yield first
    close_ports(town.ports)


@pytest.fixture
def folder(made: Bundle, tmp_path: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(made.data)) as packed:
        packed.extractall(tmp_path)
    return tmp_path / made.filename.removesuffix(".zip")


@pytest.fixture
def judge(folder: Path, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Run the trusted copy of the program on the folder; return its exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        code = verify.main([str(folder), *arguments])
        return code, capsys.readouterr().out

    return run


def flipped(path: Path) -> None:
    """Change the middle bit of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(bytes(data))


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def sum_again(folder: Path) -> None:
    """Do what whoever alters a bundle would do next: make the sums fit."""
    others = [path for path in files_of(folder) if path.name != "SHA256SUMS"]
    lines = sorted((path.relative_to(folder).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()) for path in others)
    (folder / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name, digest in lines), encoding="utf-8")


def rewritten(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def the(folder: Path, kind: str) -> Path:
    """Find the last archived object of a kind."""
    return max((folder / "convention").glob(f"????-{kind}.*"))


def test_it_is_verified_from_anywhere_by_what_it_carries(made: Bundle, folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-I", str(folder / "verify.py")]
    done = subprocess.run([*command, "--root", made.root_sha256], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.rstrip().endswith("VÉRIFIÉ.")
    assert "NON" not in done.stdout
    assert "OUI  Récit : Cachet des preuves" in done.stdout
    spaced = ":".join(made.root_sha256.upper()[n : n + 2] for n in range(0, 64, 2))
    assert subprocess.run([*command, "--root", spaced], cwd="/", capture_output=True, check=False).returncode == 0
    assert len(TRUSTED_COPY.read_text(encoding="utf-8").splitlines()) < 400


def test_the_list_that_it_verifies_tells_the_model_that_was_read(folder: Path) -> None:
    (item,) = json.loads(the(folder, "ceremony").read_bytes())["items"]
    assert item["model_sha256"] == hashlib.sha256((BUNDLED / "convention" / "2026-1.md").read_bytes()).hexdigest()


def test_it_needs_the_standard_library_and_openssl_only(folder: Path) -> None:
    bare = {"PATH": str(folder / "nowhere")}
    done = subprocess.run([sys.executable, "-I", str(folder / "verify.py")], env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "openssl manque" in done.stdout


def test_without_the_root_the_origin_is_not_established_and_another_root_is_refused(made: Bundle, judge: Verify) -> None:
    code, said = judge()
    assert (code, said.splitlines()[-1]) == (3, "INTACT, mais l'origine n'est pas établie.")
    assert made.root_sha256 in said
    code, said = judge("--root", "0" * 64)
    assert code == 1
    assert "NON  Origine" in said


@pytest.mark.needs_tool("faketime")
def test_it_is_verified_ten_years_on(made: Bundle, folder: Path) -> None:
    command = ["faketime", "+10 years", sys.executable, "-I", str(folder / "verify.py"), "--root", made.root_sha256]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_line_of_the_readme_that_can_be_run_does_what_it_says(folder: Path) -> None:
    readme = (folder / "LISEZ-MOI.txt").read_text(encoding="utf-8")
    lines = [line.strip() for line in readme.replace("\\\n", "").splitlines() if line.startswith("    ")]
    commands = [line for line in lines if line.startswith(("openssl", "sha256sum", "cat"))]
    stamped = subprocess.run(
        ["openssl", "ts", "-reply", "-token_in", "-in", "dossier.json.tsr", "-text"], cwd=folder, capture_output=True, text=True, check=True
    )
    (at,) = [line.partition(": ")[2] for line in stamped.stdout.splitlines() if line.startswith("Time stamp")]
    instant = subprocess.run(["date", "-d", at, "+%s"], capture_output=True, text=True, check=True).stdout.strip()
    assert len(commands) == 6
    for command in commands:
        done = subprocess.run(["sh", "-c", command.replace("INSTANT", instant)], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, command + done.stderr
    assert verify.main([str(folder)]) == 3


def test_a_bit_changed_in_any_file_is_found(folder: Path, tmp_path: Path) -> None:
    missed, scratch = [], tmp_path / "scratch"
    scratch.mkdir()
    list(verify.check_files(verify.Dossier(folder, scratch, set())))
    for path in files_of(folder):
        kept = path.read_bytes()
        flipped(path)
        try:
            list(verify.check_files(verify.Dossier(folder, scratch, set())))
        except (verify.Broken, *verify.UNREADABLE):
            path.write_bytes(kept)
        else:
            missed.append(path.name)
    assert not missed


def test_the_program_says_no_to_a_bit_changed_in_a_file_of_each_folder(folder: Path, judge: Verify) -> None:
    for path in {path.parent: path for path in files_of(folder)}.values():
        kept = path.read_bytes()
        flipped(path)
        code, said = judge()
        assert (code, "NON" in said) == (1, True), path.name
        path.write_bytes(kept)
    assert judge()[0] == 3


def test_the_program_itself_notices_that_it_was_changed_while_it_can_still_run(folder: Path) -> None:
    program = folder / "verify.py"
    rewritten(program, "Vérifie un dossier", "Vérifie un  dossier")
    done = subprocess.run([sys.executable, "-I", str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "altéré : verify.py" in done.stdout


@pytest.mark.parametrize(
    "name", ["LISEZ-MOI.txt", "verify.py", "journal/preuves.json", "certificats/racine.pem", "certificats/ac-membres.pem"]
)
def test_sums_made_again_do_not_hide_a_change_from_the_seal(folder: Path, judge: Verify, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes() + b"\n")
    sum_again(folder)
    code, said = judge()
    assert code == 1
    assert "OUI  Fichiers" in said
    assert "NON  Sceau" in said


def test_a_file_more_or_less_is_found_whatever_the_sums_say(folder: Path, judge: Verify) -> None:
    (folder / "convention" / "0099-note.json").write_text("{}", encoding="utf-8")
    assert "en trop : convention/0099-note.json" in judge()[1]
    sum_again(folder)
    code, said = judge()
    assert code == 1
    assert "NON  Sceau" in said
    (folder / "convention" / "0099-note.json").unlink()
    gone = next((folder / "revocation").iterdir())
    gone.unlink()
    assert f"manque : revocation/{gone.name}" in judge()[1]
    sum_again(folder)
    assert judge()[0] == 1
    shutil.rmtree(folder / "certificats")
    code, said = judge()
    assert code == 1
    assert "NON  Fichiers" in said


def broken(folder: Path, judge: Verify, title: str) -> str:
    """Return why a check fails once the sums fit again."""
    sum_again(folder)
    code, said = judge()
    assert code == 1
    return next(line for line in said.splitlines() if line.startswith(f"NON  {title}"))


def test_another_person_than_expected_is_refused(folder: Path, judge: Verify) -> None:
    record = the(folder, "record")
    name = json.loads(record.read_text(encoding="utf-8"))["facts"][1]["data"]["signer"]["family_name"]
    rewritten(record, f'"family_name":"{name}"', '"family_name":"Autre"')
    assert "qui n'était pas attendu" in broken(folder, judge, "Signatures")


def test_a_file_signed_for_another_document_is_refused(folder: Path, judge: Verify) -> None:
    prepared = the(folder, "prepared")
    digest = hashlib.sha256(prepared.read_bytes()).hexdigest()
    prepared.write_bytes(prepared.read_bytes() + b"\n")
    rewritten(the(folder, "record"), digest, hashlib.sha256(prepared.read_bytes()).hexdigest())
    assert "ne commence pas par ce qui précède" in broken(folder, judge, "Document")
    assert "ne cite pas ces fichiers" in broken(folder, judge, "Cérémonie")


def test_bytes_after_the_last_time_stamp_are_refused(folder: Path, judge: Verify) -> None:
    sealed = the(folder, "sealed")
    digest = hashlib.sha256(sealed.read_bytes()).hexdigest()
    sealed.write_bytes(sealed.read_bytes() + b"% note\n")
    rewritten(the(folder, "record"), digest, hashlib.sha256(sealed.read_bytes()).hexdigest())
    assert "des octets suivent" in broken(folder, judge, "Signatures")


def test_a_certificate_without_proof_that_it_was_not_revoked_is_refused(folder: Path, judge: Verify) -> None:
    for path in (folder / "revocation").glob("*.crl"):
        path.unlink()
    assert "rien ne dit « Autorité de signature" in broken(folder, judge, "Signatures")


def test_an_evidence_file_that_nobody_sealed_is_refused(folder: Path, judge: Verify) -> None:
    the(folder, "evidence").write_bytes(the(folder, "sealed").read_bytes())
    assert "ce ne sont pas les signatures et horodatages attendus" in broken(folder, judge, "Récit")


def test_no_mail_of_the_folder_holds_a_link_or_a_code(folder: Path) -> None:
    mails = sorted((folder / "convention").glob("*-mail-*.eml"))
    assert {path.stem.partition("-mail-")[2] for path in mails} >= {"invitation", "code", "member-receipt", "cosigned-copy"}
    texts = [message_from_bytes(path.read_bytes()).as_string() for path in mails]
    assert not [text for text in texts if LINK.search(text) or CODE.search(text)]


def test_a_chain_of_indexes_that_was_cut_is_refused(folder: Path, judge: Verify) -> None:
    rewritten(the(folder, "index"), '"previous_sha256":"', '"previous_sha256":"0')
    assert "ne suit pas l'index qui le précède" in broken(folder, judge, "Archive")


def test_an_object_that_the_last_index_does_not_list_is_refused(folder: Path, judge: Verify) -> None:
    report = the(folder, "validation-pyHanko")
    rewritten(report, '"valid":true', '"valid":null')
    assert "le dernier index liste autre chose" in broken(folder, judge, "Archive")


def test_an_event_that_was_rewritten_is_refused(folder: Path, judge: Verify) -> None:
    rewritten(folder / "journal" / "evenements.jsonl", '"code.requested"', '"code.refused"')
    assert "n'est pas dans le journal" in broken(folder, judge, "Journal")


def test_a_personal_field_other_than_what_was_committed_is_refused(folder: Path, judge: Verify) -> None:
    rewritten(folder / "journal" / "preuves.json", "192.0.2.7", "192.0.2.8")
    assert "tait autre chose" in broken(folder, judge, "Journal")


def test_a_fact_that_is_no_event_is_refused(folder: Path, judge: Verify) -> None:
    rewritten(the(folder, "record"), '"kind":"invited"', '"kind":"declined"')
    assert "ne sont pas au journal : declined" in broken(folder, judge, "Journal")


def test_a_head_that_nobody_stamped_is_refused(folder: Path, judge: Verify) -> None:
    for path in (folder / "journal").glob("tete-*.tsr"):
        path.unlink()
    assert "n'est pas horodatée" in broken(folder, judge, "Journal")


def test_what_cannot_be_read_is_refused_with_the_reason(folder: Path, judge: Verify) -> None:
    (folder / "journal" / "preuves.json").write_text("{", encoding="utf-8")
    assert "illisible (JSONDecodeError" in broken(folder, judge, "Journal")
    (folder / "certificats" / "racine.pem").write_text("rien", encoding="utf-8")
    code, said = judge()
    assert code == 1
    assert "NON  Dossier : illisible" in said


def test_the_environment_of_whoever_runs_it_changes_nothing(made: Bundle, folder: Path) -> None:
    away = {**os.environ, "TZ": "Asia/Tokyo", "LC_ALL": "fr_FR.UTF-8", "SSL_CERT_FILE": str(folder / "certificats" / "racine.pem")}
    command = [sys.executable, "-I", str(folder / "verify.py"), "--root", made.root_sha256]
    assert subprocess.run(command, env=away, capture_output=True, check=False).returncode == 0
