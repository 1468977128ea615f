"""``contreseing demo`` over what ``make demo`` left, killed while members sign, and again: the last run begins afresh and ends whole.

Run by ``make again`` after ``make demo`` and before ``make accept``, which then judges what the last run left; not collected with
the suite.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import pytest

from contreseing.embedded.supervision import MARK
from contreseing.embedded.workspace import ACCOUNTS_FILE, STACK_FILE
from tests.tools import ROOT

DEMO = ROOT / "demo"
OUT, REGISTRY = DEMO / "out", DEMO / "data" / "registry.sqlite"
LEFT = OUT / "left-by-the-run-before.txt"
COMMAND = [str(Path(sys.executable).with_name("contreseing")), "demo"]
KILLED_AFTER_SIGNATURES = 5
LOOK_EVERY_SECONDS = 0.2


def counted(query: str) -> int:
    """Ask the registry for a number; 0 while there is none yet."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{REGISTRY}?mode=ro", uri=True)) as registry:
        return int(registry.execute(query).fetchone()[0])
    return 0


def signatures() -> int:
    return counted("SELECT count(*) FROM facts WHERE kind = 'member_signed'")


def parts_of(stack_id: str) -> set[str]:
    """List the processes of the stack's parts, whoever started them, by their mark."""
    mark, found = f"{MARK}={stack_id}".encode(), set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.add(process.name)
    return found


@pytest.fixture(scope="module")
def stack_id() -> str:
    return str(json.loads((DEMO / STACK_FILE).read_text(encoding="utf-8"))["id"])


def test_killed_in_the_middle_and_run_again_it_is_a_fresh_demonstration(stack_id: str) -> None:
    assert (OUT / "summary.json").exists(), "run make demo first: what is judged is a second run"
    addresses = (DEMO / STACK_FILE).read_bytes()
    accounts = (DEMO / ACCOUNTS_FILE).read_bytes()
    LEFT.write_text("What stands here goes away with the rest.\n", encoding="utf-8")
    with subprocess.Popen(COMMAND, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as killed:
        limit = time.monotonic() + 180
        while (LEFT.exists() or signatures() < KILLED_AFTER_SIGNATURES) and killed.poll() is None and time.monotonic() < limit:
            time.sleep(LOOK_EVERY_SECONDS)
        assert killed.poll() is None, killed.stderr.read() if killed.stderr else ""
        killed.kill()
    assert not LEFT.exists(), "the second run did not begin afresh"
    assert KILLED_AFTER_SIGNATURES <= signatures() < counted("SELECT count(*) FROM agreements"), "killed too late, or too early"
    assert parts_of(stack_id), "nothing outlived the command: killing it says nothing"
    LEFT.parent.mkdir(exist_ok=True)
    LEFT.write_text("So does this.\n", encoding="utf-8")

    done = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert not LEFT.exists()
    assert not parts_of(stack_id)
    assert (DEMO / STACK_FILE).read_bytes() == addresses
    assert (DEMO / ACCOUNTS_FILE).read_bytes() != accounts
    agreements = json.loads((OUT / "summary.json").read_text(encoding="utf-8"))["agreements"]
    assert Counter(agreement["status"] for agreement in agreements) == {"active": len(agreements) - 1, "awaiting_member": 1}
    assert counted("SELECT count(*) FROM agreements") == len(agreements), "the killed run's agreements are still there"
    orders = [json.loads(line) for line in (OUT / "activations.jsonl").read_text(encoding="utf-8").splitlines()]
    expected = sum(len(one["services"]) + len(one["services_pending"]) for one in agreements)
    assert len(orders) == len({order["headers"]["webhook-id"] for order in orders}) == expected
