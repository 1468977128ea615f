"""Year after year: services renewed, archive time-stamps renewed, and at each step our two readers and EU DSS accept the file.

The PKI and the commands run under libfaketime, each year's with the clock of that year; nothing else is made believe. One
year every day, three in CI; ``CONTRESEING_TEST_YEARS=10`` runs the whole chain.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from conventions.canonical import sha256_hex
from conventions.kinds import Party
from conventions.signatures import Countersignature, PadesLevel
from signing.chains import TrustStore, parse_certificates
from signing.identities import IssuerRule
from signing.pki.directory import ANCHOR_FILES, read_anchors, read_certificates
from signing.pki.policies import MEMBERS_POLICY, SYNDICATE_POLICY
from signing.restamping import verifiable_until
from signing.second_reader import SecondReader
from tests.contract.signing.running import MODULE, RunningPki
from tests.contract.signing.test_judges import judge
from tests.tools import ROOT, in_ci
from tests.unit.signing.material import BOTH, FORMULA, VICE_PRESIDENT, manifest_of, member_request, prepared_pdf

YEARS = int(os.environ.get("CONTRESEING_TEST_YEARS", "3" if in_ci() else "1"))
AUTHORITY_CHANGES = (2, 6)
"""Years whose time-stamps come from another certificate, renewed by hand; the service renews by itself when its end nears."""
READY_WITHIN_SECONDS = 30.0

pytestmark = [pytest.mark.needs_tool("faketime", "judges"), pytest.mark.timeout(900)]


def days_later(days: int) -> dict[str, str]:
    """Return the environment of a program that lives that many days later."""
    (library, *_) = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")) or [Path("libfaketimeMT.so.1")]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CONTRESEING_")}
    return {**plain, "LD_PRELOAD": str(library), "FAKETIME": f"+{days}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}


def years_later(years: int) -> dict[str, str]:
    """Return the environment of a program that lives that many years later."""
    return days_later(years * 365)


def run(years: int, *arguments: str | Path) -> str:
    command = [sys.executable, "-m", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=years_later(years), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def serving(pki: RunningPki, years: int) -> Iterator[None]:
    """Serve the PKI in a year, its services renewed where they have to be."""
    run(years, MODULE, "init", "--dir", pki.folder, "--base-url", pki.address)
    command = [sys.executable, "-m", MODULE, "--dir", str(pki.folder), "--port", str(pki.port)]
    process = subprocess.Popen(command, cwd=ROOT, env=years_later(years), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        limit = time.monotonic() + READY_WITHIN_SECONDS
        while not answers(pki):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < limit, "the PKI does not answer"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=20)


def answers(pki: RunningPki) -> bool:
    try:
        return httpx.get(f"{pki.address}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


def countersigned_now(pki: RunningPki) -> bytes:
    adapter, prepared = pki.adapter(), prepared_pdf()
    try:
        member = adapter.sign_for_member(prepared, member_request(prepared)).data
        digest = sha256_hex(member)
        sealed = adapter.seal_manifest(manifest_of({"2026-0014": digest}))
        items = [Countersignature("2026-0014", digest)]
        (outcome,) = adapter.countersign(sealed, VICE_PRESIDENT, FORMULA, items, lambda _item: member)
    finally:
        adapter.close()
    assert outcome.signed is not None, outcome.failure
    return outcome.signed.data


def accept(pki: RunningPki, trust: Path, path: Path, year: int, at: datetime) -> None:
    """Have the three readers judge a file in a year: the first by the clock of that year, the others as of an instant."""
    found = json.loads(run(year, "contreseing", "verify", path, "--trust", trust, "--json"))
    assert (found["valid"], found["level"], len(found["timestamps"])) == (True, PadesLevel.B_LTA, 4 + year), (at, found["reasons"])
    anchors = {name: parse_certificates(pem)[0] for name, pem in read_anchors(pki.folder).items()}
    rules = {
        Party.MEMBER: IssuerRule(anchors["members-ca.pem"], MEMBERS_POLICY),
        Party.SYNDICATE: IssuerRule(anchors["syndicate-ca.pem"], SYNDICATE_POLICY),
    }
    second = SecondReader(TrustStore(anchors.values()), rules).validate(path.read_bytes(), BOTH, at)
    assert second.valid, (at, second.reasons)
    accept_by_dss(pki, path, at)


def accept_by_dss(pki: RunningPki, path: Path, at: datetime) -> None:
    """Have EU DSS judge a file as of an instant."""
    asked = ("--json", "--trust", str(pki.folder / "root.pem"), "--signatures", "2", "--level", "LTA", "--sealed", "--compare-pages", "0")
    (verdict,) = judge("dss", *asked, "--at", at.strftime("%Y-%m-%dT%H:%M:%SZ"), str(path))
    assert verdict["passed"], (at, verdict["shortfalls"], json.dumps(verdict["timestamps"], indent=1))


@pytest.mark.sampled("one year of three, judged at its end")
def test_a_file_stamped_again_each_year_is_accepted_each_year(tmp_path: Path) -> None:
    pki, trust, path = RunningPki(tmp_path / "pki").start(), tmp_path / "trust", tmp_path / "0" / "kept.pdf"
    try:
        path.parent.mkdir()
        path.write_bytes(countersigned_now(pki))
    finally:
        pki.stop()
    trust.mkdir()
    for name in ANCHOR_FILES:
        (trust / name).write_bytes((pki.folder / name).read_bytes())
    now, authorities = datetime.now(UTC), set[int]()
    if in_ci():
        accept(pki, trust, path, 0, now + timedelta(hours=1))
    for year in range(1, YEARS + 1):
        if year in AUTHORITY_CHANGES:
            run(year, "contreseing", "pki", "renew", "timestamps", "--dir", pki.folder)
        with serving(pki, year):
            authorities.add(read_certificates(pki.folder)["timestamps"].serial_number)
            run(
                year, "contreseing", "restamp", path, "--trust", trust, "--tsa", f"{pki.address}/tsa", "--output", tmp_path / str(year)
            )  # fmt: skip
        before, path = path, tmp_path / str(year) / path.name
        assert path.read_bytes().startswith(before.read_bytes())
        accept(pki, trust, path, year, now + timedelta(days=365 * year, hours=1))
    assert len(authorities) >= 1 + sum(change <= YEARS for change in AUTHORITY_CHANGES)
    until = verifiable_until(path.read_bytes())
    assert until - now > timedelta(days=365 * (YEARS + 2))
    if in_ci():
        accept_by_dss(pki, path, until - timedelta(days=30))
    accept_offline(trust, path, (until - now).days - 30)


def accept_offline(trust: Path, path: Path, days: int) -> None:
    """Have our reader judge a file years after its last renewal, with nobody left to ask."""
    command = [sys.executable, "-m", "contreseing", "verify", str(path), "--trust", str(trust)]
    done = subprocess.run(command, cwd=ROOT, env=days_later(days), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "État des autorités connu par le fichier" in " ".join(done.stdout.split())
