"""Runs are forks of a process that has read the code: what Prefect's engine asks for, and what it gets."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import json, os, sys

def look(answers, flow, *, of_whom=("signing.adapter", "documents.adapter", "contreseing.stamping")):
    found = {name: name in sys.modules for name in of_whom}  # before anything else is imported
    from flows.deployments import FLOWS
    answers.put({
        "loaded": found,
        "threads": len(os.listdir("/proc/self/task")),
        "parent": os.getppid(),
        "is_the_modules_own": any(flow is one for one in FLOWS),
        "types": sorted(flow.parameters.properties),
    })

if __name__ == "__main__":
    from flows.forks import fork_runs
    fork_runs()
    from prefect import flow_engine
    from flows.countersigned import countersigned
    context = flow_engine.multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    run = context.Process(target=look, args=(answers, countersigned))
    run.start()
    found = answers.get()
    run.join()
    print(json.dumps({**found, "here": os.getpid(), "exit": run.exitcode}))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run says of itself: its process was asked for as Prefect's engine does."""
    program = tmp_path_factory.mktemp("runs") / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_run_has_read_the_code_before_it_begins(found: dict[str, Any]) -> None:
    assert set(found["loaded"].values()) == {True}
    assert found["exit"] == 0


def test_run_is_forked_of_a_process_apart_with_one_thread(found: dict[str, Any]) -> None:
    assert found["parent"] != found["here"]
    assert found["threads"] == 1


def test_flow_arrives_by_name_with_the_types_of_its_parameters(found: dict[str, Any]) -> None:
    assert found["is_the_modules_own"]
    assert found["types"] == ["authorisation_id", "trackers"]
