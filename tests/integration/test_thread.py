"""The whole thread on real parts: every process of the stack, people over HTTP."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from contreseing.cli.doctor import TRIALS
from contreseing.demonstration.outputs import write_files, write_summary
from contreseing.embedded.stack import Stack
from conventions.agreements import FactKind
from conventions.canonical import sha256_hex
from conventions.ports.system import Ports
from conventions.status import Status
from tests.integration.village import Village
from tests.tools import in_ci

MEMBERS = 2 if in_ci() else 1

# one stack for all of these, wherever they run; its first start creates Prefect's tables
pytestmark = pytest.mark.timeout(400)

SECRETS_IN_LOGS = re.compile(r"demo-[0-9a-f]{8}|whsec_[A-Za-z0-9+/=]{8}")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "contreseing", "--dossier", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)


@pytest.mark.sampled("one member of two")
def test_from_a_row_to_services_switched_on(village: Callable[[int], Village], ports: Ports, folder: Path, tmp_path: Path) -> None:
    here = village(MEMBERS)
    here.open_campaign()
    here.wait_for(Status.AWAITING_MEMBER, MEMBERS)
    here.sign_all()
    assert here.statuses() == [Status.AWAITING_COUNTERSIGNATURE] * MEMBERS
    assert here.countersign() == MEMBERS
    here.wait_for(Status.ACTIVE, MEMBERS)

    for agreement in here.agreements():
        archived = agreement.required_fact(FactKind.ARCHIVED)
        assert sha256_hex(ports.archive.read(archived.text("key"))) == archived.text("sha256")
        assert ports.archive.state(archived.text("key")).lock_mode == "GOVERNANCE"
        verified = run(folder, "reread", agreement.reference)
        assert verified.returncode == 0, verified.stderr
        assert "Valide, niveau B-LTA" in verified.stdout
        shown = run(folder, "status", agreement.reference)
        assert "Active" in shown.stdout

    received = httpx.get(here.stack.workspace.addresses.url("receiver") + "/activations").json()["activations"]
    references = {agreement.reference for agreement in here.agreements()}
    ours = [item for item in received if item["body"]["order"]["reference"] in references]
    assert len(ours) == 12 * MEMBERS
    assert len({item["id"] for item in ours}) == 12 * MEMBERS

    outcomes = write_files(ports, tmp_path, here.stack.workspace.folder / "activations")
    write_summary(tmp_path, outcomes, [])
    summary = json.loads((tmp_path / "summary.json").read_text())
    mine = [item for item in summary["agreements"] if item["reference"] in references]
    assert all(item["level"] == "B-LTA" and item["services_pending"] == ["sae"] and len(item["services"]) == 11 for item in mine)
    assert all((tmp_path / item["file"]).read_bytes().startswith(b"%PDF-") for item in mine)


def test_logs_of_all_processes_hold_nobody_and_no_secret(village: Callable[[int], Village], stack: Stack) -> None:
    here = village(1)
    here.invited()
    here.sign_all()
    mails = httpx.get(here.sites.mailbox + "/api/messages").json()
    text = "\n".join(mail["text"] for mail in mails)
    links = set(re.findall(r"/s/([A-Za-z0-9._~-]{20,})", text))
    codes = set(re.findall(r"code de signature\s*:\s*([0-9]{3}[\s\u00a0\u202f]?[0-9]{3})", text))
    assert links
    assert codes
    known = links | codes | {re.sub(r"\D", "", code) for code in codes} | {mail["to"] for mail in mails}
    with here.ports.registry.read() as tx:
        known |= {member.representative.family_name for member in tx.members()}
    for log in (stack.supervisor.log_path(name) for name in stack.supervisor.used()):
        written = log.read_text(encoding="utf-8", errors="replace")
        found = {secret for secret in known if re.search(rf"(?<![0-9a-f]){re.escape(secret)}(?![0-9a-f])", written)}
        assert not found, f"{log.name} holds {len(found)} of them"
        assert not SECRETS_IN_LOGS.search(written), log.name
        assert "@membre-" not in written, log.name


def test_a_second_command_shares_the_stack_and_leaves_it_running(folder: Path, stack: Stack) -> None:
    before = {name: stack.supervisor.process_id(name) for name in stack.supervisor.used()}
    done = run(folder, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" bon ") == len(TRIALS)
    assert {name: stack.supervisor.process_id(name) for name in stack.supervisor.used()} == before


@pytest.mark.left_to_ci("every day test_a_second_command runs the doctor on a sound stack")
def test_doctor_says_what_to_mend(folder: Path, stack: Stack) -> None:
    address = stack.workspace.addresses.url("pki")
    stack.stop_part("pki")
    try:
        settings = {"CONTRESEING_SETTINGS": str(stack.workspace.settings_file), "PATH": ""}
        command = [sys.executable, "-m", "contreseing", "doctor"]
        done = subprocess.run(
            command, env=settings, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=110, check=False
        )
    finally:
        stack.start_part("pki")
    assert done.returncode == 1
    assert "À corriger – Horodatage : Vérifiez TSA_URLS" in done.stdout
    assert done.stdout.count(" bon ") == len(TRIALS) - 1
    assert httpx.get(f"{address}/health").is_success


def test_a_demonstration_is_not_wiped_under_another_command(folder: Path) -> None:
    done = run(folder, "demo")
    assert done.returncode == 2
    assert "stack.in_use" in done.stderr
