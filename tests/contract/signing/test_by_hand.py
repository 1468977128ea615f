"""``contreseing sign`` and ``contreseing restamp``: what they make, what they refuse, and a batch killed at random moments."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from contreseing.cli.trusting import read_anchors
from contreseing.publishing import discard_incomplete, publish
from conventions.kinds import MEMBER_FIELD
from conventions.signatures import PadesLevel, SignedFile
from signing.by_hand import CHUNK
from signing.keys import PrivateKey
from signing.levels import level_of
from signing.pki.directory import ANCHOR_FILES, open_pki
from signing.verify import FileVerifier
from tests.contract.signing.counting import CountingAuthority
from tests.contract.signing.key_peers import PIN, SoftHsm, certify
from tests.contract.signing.running import RunningPki
from tests.contract.signing.serving import serving
from tests.tools import ROOT, in_ci
from tests.unit.contreseing.test_settings import GIVEN
from tests.unit.signing.material import prepared_pdf

DOCUMENTS, KILLS = (300, 20) if in_ci() else (60, 2)
PASSPHRASE = "mot de passe d'essai"
REQUESTS_TO_KNOW_AN_AUTHORITY = 1


@pytest.fixture(scope="module")
def trust(pki: RunningPki, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trust")
    for name in ANCHOR_FILES:
        (folder / name).write_bytes((pki.folder / name).read_bytes())
    return folder


@pytest.fixture(scope="module")
def key_file(pki: RunningPki, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_key(tmp_path_factory.mktemp("key"), pki, ec.generate_private_key(ec.SECP256R1()))


def write_key(folder: Path, pki: RunningPki, key: PrivateKey) -> Path:
    path, algorithm = folder / "key.p12", serialization.BestAvailableEncryption(PASSPHRASE.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"essai", key, certify(pki.folder, key.public_key()), None, algorithm))
    (folder / "passphrase").write_text(PASSPHRASE + "\n")
    return path


def start(*arguments: str | Path, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "contreseing", *map(str, arguments)]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CONTRESEING_")}
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**plain, **(environment or {})}
    )


def run(*arguments: str | Path, environment: dict[str, str] | None = None) -> tuple[int, str]:
    process = start(*arguments, environment=environment)
    said, _ = process.communicate(timeout=100)
    return process.returncode, said


def signing(files: list[Path], key: Path, trust: Path, output: Path, tsa: str) -> list[str | Path]:
    options: list[str | Path] = ["--key", key, "--passphrase-file", key.with_name("passphrase"), "--field", MEMBER_FIELD]
    return ["sign", *files, *options, "--trust", trust, "--tsa", tsa, "--output", output]


def prepared_files(folder: Path, count: int) -> list[Path]:
    files = []
    for number in range(count):
        files.append(folder / f"{number:04d}.pdf")
        files[-1].write_bytes(prepared_pdf(f"Convention {number}"))
    return files


@pytest.mark.sampled("2 kills of 20, over 60 documents of 300")
@pytest.mark.timeout(600)
def test_a_batch_killed_at_random_moments_is_finished_by_running_it_again(
    pki: RunningPki, trust: Path, key_file: Path, tmp_path: Path
) -> None:
    files, output = prepared_files(tmp_path, DOCUMENTS), tmp_path / "signed"
    authority, chance, done = CountingAuthority(open_pki(pki.folder)), random.Random(), dict[str, bytes]()
    with serving(authority.application()) as address:
        command = signing(files, key_file, trust, output, f"{address}/tsa")
        for kill in range(1, KILLS + 1):
            process = start(*command)
            least = max(len(done), int(kill == KILLS))
            wait_until(process, output, chance.randrange(least, max(least + 1, kill * DOCUMENTS // KILLS - CHUNK)))
            time.sleep(chance.random() / 10)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            now = {path.name: hashlib.sha256(path.read_bytes()).digest() for path in output.glob("[0-9]*.pdf")}
            assert done.items() <= now.items(), "a file that was done has changed"
            done = now
            for path in output.glob("[0-9]*.pdf"):
                assert level_of(path.read_bytes(), MEMBER_FIELD) is PadesLevel.B_LTA
        assert 0 < len(done) < DOCUMENTS
        code, said = run(*command)
        assert (code, said.splitlines()[-1]) == (0, f"{DOCUMENTS} fichiers sur {DOCUMENTS}.")
        asked = len(authority.digests)
        assert run(*command)[0] == 0
        assert len(authority.digests) == asked, "what is done was asked for again"
    assert sorted(path.name for path in output.iterdir()) == [path.name for path in files]
    assert done.items() <= {path.name: hashlib.sha256(path.read_bytes()).digest() for path in output.iterdir()}.items()
    lost_at_most = KILLS * (2 * CHUNK + REQUESTS_TO_KNOW_AN_AUTHORITY) + REQUESTS_TO_KNOW_AN_AUTHORITY
    assert 2 * DOCUMENTS < asked <= 2 * DOCUMENTS + lost_at_most
    verifier = FileVerifier(read_anchors([trust]).pems)
    for path in chance.sample(files, 8):
        signed = (output / path.name).read_bytes()
        assert signed.startswith(path.read_bytes())
        found = verifier.verify(signed, datetime.now(UTC))
        assert (found.is_valid, found.level) == (True, PadesLevel.B_LTA), found.reasons
    sys.stdout.write(f"{DOCUMENTS} documents, {KILLS} kills, {asked} requests to the authority\n")


def wait_until(process: subprocess.Popen[str], output: Path, count: int) -> None:
    limit = time.monotonic() + 60
    while len(list(output.glob("[0-9]*.pdf"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_a_file_that_fails_does_not_stop_the_others(pki: RunningPki, trust: Path, key_file: Path, tmp_path: Path) -> None:
    good, bad, output = *prepared_files(tmp_path, 1), tmp_path / "bad.pdf", tmp_path / "signed"
    bad.write_bytes(b"not a PDF")
    code, said = run(*signing([bad, good, tmp_path / "missing.pdf"], key_file, trust, output, f"{pki.address}/tsa"))
    assert (code, [path.name for path in output.iterdir()]) == (1, [good.name])
    assert "signing.pdf" in said
    assert "signing.file" in said
    assert "1 fichier sur 3." in said


def test_a_file_in_the_way_is_not_replaced(pki: RunningPki, trust: Path, key_file: Path, tmp_path: Path) -> None:
    (file,), output = prepared_files(tmp_path, 1), tmp_path / "signed"
    output.mkdir()
    (output / file.name).write_bytes(b"another file")
    code, said = run(*signing([file], key_file, trust, output, f"{pki.address}/tsa"))
    assert (code, (output / file.name).read_bytes()) == (1, b"another file")
    assert "un autre fichier occupe" in said
    assert run(*signing([file], key_file, trust, tmp_path, f"{pki.address}/tsa"))[0] == 1
    assert file.read_bytes() == prepared_pdf("Convention 0")


def test_what_cannot_be_run_is_said(pki: RunningPki, trust: Path, key_file: Path, tmp_path: Path) -> None:
    (file,), output = prepared_files(tmp_path, 1), tmp_path / "signed"
    key_file.with_name("other").write_text("another passphrase")
    whole = signing([file], key_file, trust, output, f"{pki.address}/tsa")
    for change, said in (
        ({str(key_file.with_name("passphrase")): str(key_file.with_name("other"))}, "PKCS#12"),
        ({str(trust): str(file)}, "certificats de confiance"),
    ):
        code, answer = run(*(change.get(str(one), one) for one in whole))
        assert (code, said in answer) == (2, True), answer
    assert run("sign", file, "--key", key_file, "--field", "x", "--output", output)[0] == 2
    assert run(*whole[:2], file.parent / "." / file.name, *whole[2:])[0] == 2


@pytest.mark.left_to_ci("every day test_keys signs with RSA, and the batch is signed by this command")
def test_a_key_of_rsa_signs_by_pss(pki: RunningPki, trust: Path, tmp_path: Path) -> None:
    key, output = write_key(tmp_path, pki, rsa.generate_private_key(65_537, 3_072)), tmp_path / "signed"
    (file,) = prepared_files(tmp_path, 1)
    assert run(*signing([file], key, trust, output, f"{pki.address}/tsa"))[0] == 0
    found = FileVerifier(read_anchors([trust]).pems).verify((output / file.name).read_bytes(), datetime.now(UTC))
    assert (found.is_valid, found.level) == (True, PadesLevel.B_LTA)


@pytest.mark.left_to_ci("every day test_keys signs with a key in a device, and the batch is signed by this command")
@pytest.mark.needs_tool("softhsm")
def test_the_key_of_the_settings_signs(pki: RunningPki, trust: Path, device: SoftHsm, tmp_path: Path) -> None:
    (file,), output = prepared_files(tmp_path, 1), tmp_path / "signed"
    given = {**GIVEN, "TSA_URLS": f"{pki.address}/tsa", "SIGNATORY_KEY": "pkcs11", "PKCS11_MODULE": str(device.module)}
    given |= {"PKCS11_TOKEN": "contreseing", "PKCS11_KEY": "p256", "PKCS11_PIN": PIN}
    environment = {f"CONTRESEING_{name}": value for name, value in given.items()}
    command = ("sign", file, "--key", "signataire", "--field", MEMBER_FIELD, "--trust", trust, "--output", output)
    code, said = run(*command, environment=environment)
    assert code == 0, said
    assert FileVerifier(read_anchors([trust]).pems).verify((output / file.name).read_bytes(), datetime.now(UTC)).is_valid
    del environment["CONTRESEING_PKCS11_PIN"]
    code, said = run(*command, environment=environment)
    assert (code, "Aucune clé de signataire" in said) == (2, True)


def test_restamp_adds_a_stamp_and_says_until_when(pki: RunningPki, trust: Path, countersigned: SignedFile, tmp_path: Path) -> None:
    file, broken, output = tmp_path / "kept.pdf", tmp_path / "broken.pdf", tmp_path / "stamped"
    file.write_bytes(countersigned.data)
    broken.write_bytes(countersigned.data + b"\n")
    command = ("restamp", file, broken, "--trust", trust, "--tsa", f"{pki.address}/tsa", "--output", output)
    code, said = run(*command)
    assert (code, [path.name for path in output.iterdir()]) == (1, ["kept.pdf"])
    assert "vérifiable jusqu’au" in said
    assert "verification.before_restamp" in said
    stamped = (output / "kept.pdf").read_bytes()
    assert stamped.startswith(countersigned.data)
    found = FileVerifier(read_anchors([trust]).pems).verify(stamped, datetime.now(UTC))
    assert (found.is_valid, len(found.timestamps)) == (True, 2 + 3)
    assert run("restamp", file, *command[3:])[0] == 0
    assert (output / "kept.pdf").read_bytes() == stamped


def test_a_file_is_published_whole_or_not_at_all(tmp_path: Path) -> None:
    publish(tmp_path / "a.pdf", b"whole")
    with pytest.raises(OSError):  # noqa: PT011 whatever the system says
        publish(tmp_path / "none" / "a.pdf", b"whole")
    (tmp_path / ".b.pdf.0011.partial").write_bytes(b"ha")
    (tmp_path / ".c.pdf.0011.partial").write_bytes(b"ha")
    discard_incomplete(tmp_path, {"b.pdf"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".c.pdf.0011.partial", "a.pdf"]
