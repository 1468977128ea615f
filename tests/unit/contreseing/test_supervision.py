from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contreseing.embedded.addresses import choose_hosts, choose_ports, holder_of, is_answering, is_free
from contreseing.embedded.supervision import Part, Supervisor
from conventions.errors import ConfigurationError, UpstreamUnavailable

ROOT = Path(__file__).resolve().parents[3]
LISTENER = "import socket,time; s=socket.create_server(('127.0.0.1', {port})); print('listening', flush=True); time.sleep(600)"
WITH_A_CHILD = "import subprocess,sys; subprocess.Popen([sys.executable,'-c','import time; time.sleep(600)']); " + LISTENER


def part(port: int, script: str = LISTENER, name: str = "listener", seconds: float = 20) -> Part:
    return Part(
        name=name,
        label="Écouteur",
        command=(sys.executable, "-c", script.format(port=port)),
        is_ready=lambda: is_answering("127.0.0.1", port),
        listens=(("127.0.0.1", port),),
        ready_within_seconds=seconds,
    )


def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(tmp_path / "run", tmp_path / "logs", "stack-of-the-test")


@pytest.fixture
def port() -> int:
    return choose_ports(["listener"])["listener"]


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Supervisor]:
    mine = supervisor(tmp_path)
    yield mine
    mine.release()


def is_running(process_id: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process_id}/status").read_text()
    except FileNotFoundError:
        return False


def members_of(group: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(path.name)) == group and is_running(int(path.name)):
                found.append(int(path.name))
        except ProcessLookupError:
            continue
    return found


def test_a_part_runs_until_it_is_released(alone: Supervisor, port: int) -> None:
    alone.start(part(port))
    alone.wait_until_ready("listener")
    process_id = alone.process_id("listener")
    assert process_id is not None
    assert alone.dead_parts() == ()
    alone.release()
    assert not is_running(process_id)
    assert is_free("127.0.0.1", port)


def test_two_commands_share_a_part_and_the_last_one_stops_it(tmp_path: Path, port: int) -> None:
    first, second = supervisor(tmp_path), supervisor(tmp_path)
    first.start(part(port))
    first.wait_until_ready("listener")
    process_id = first.process_id("listener")
    assert process_id is not None
    second.start(part(port))
    second.wait_until_ready("listener")
    assert second.process_id("listener") == process_id
    assert second.is_used_elsewhere() is False
    first.release()
    assert is_running(process_id)
    assert supervisor(tmp_path).is_used_elsewhere()
    second.release()
    assert first.process_id("listener") is None
    assert not is_running(process_id)


def test_what_a_killed_command_left_is_ended_by_the_next(tmp_path: Path, port: int) -> None:
    script = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from contreseing.embedded.supervision import Part, Supervisor
        from contreseing.embedded.addresses import is_answering

        folder, command = Path({str(tmp_path)!r}), (sys.executable, "-c", {WITH_A_CHILD.format(port=port)!r})
        mine = Supervisor(folder / "run", folder / "logs", "stack-of-the-test")
        mine.start(Part("listener", "Écouteur", command, lambda: is_answering("127.0.0.1", {port})))
        mine.wait_until_ready("listener")
        print(mine.process_id("listener"), flush=True)
        time.sleep(600)
    """)
    killed = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    with killed.stdout:
        process_id = int(killed.stdout.readline())
        killed.kill()
        killed.wait()
    assert len(members_of(process_id)) == 2

    following = supervisor(tmp_path)
    following.start(part(port))
    following.wait_until_ready("listener")
    assert following.process_id("listener") != process_id
    assert members_of(process_id) == []
    following.release()


def test_children_that_outlive_a_killed_part_are_ended(alone: Supervisor, port: int) -> None:
    alone.start(part(port, WITH_A_CHILD))
    alone.wait_until_ready("listener")
    process_id = alone.process_id("listener")
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)
    while alone.dead_parts() == ():
        time.sleep(0.02)
    assert len(members_of(process_id)) == 1
    alone.release()
    assert members_of(process_id) == []


def test_a_number_that_another_process_took_since_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    try:
        mine = supervisor(tmp_path)
        (tmp_path / "run" / "listener.alive").write_text(str(stranger.pid))
        assert mine.end_leftovers() == ()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_dead_part_is_seen_and_started_again(alone: Supervisor, port: int) -> None:
    alone.start(part(port))
    alone.wait_until_ready("listener")
    before = alone.process_id("listener")
    alone.stop("listener", by=signal.SIGKILL)
    assert alone.dead_parts() == ("listener",)
    alone.start(part(port))
    alone.wait_until_ready("listener")
    assert alone.dead_parts() == ()
    assert alone.process_id("listener") not in {before, None}


def test_a_taken_port_stops_the_start_and_its_holder_is_named(alone: Supervisor, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(ConfigurationError) as refused:
            alone.start(part(port))
        assert refused.value.code == "stack.port_taken"
        assert refused.value.details["port"] == port
        assert f"(n° {os.getpid()})" in str(refused.value.details["holder"])
    assert holder_of(port) is None


def test_a_part_that_ends_at_once_is_told_with_what_it_wrote(alone: Supervisor, port: int) -> None:
    alone.start(part(port, "import sys; print('no such thing'); sys.exit(3)"))
    with pytest.raises(UpstreamUnavailable) as failed:
        alone.wait_until_ready("listener")
    assert "code 3" in str(failed.value.details["reason"])
    assert failed.value.details["log"] == "no such thing"


def test_a_part_that_is_never_ready_is_told(alone: Supervisor, port: int) -> None:
    alone.start(part(port, "import time; time.sleep(600) # {port}", seconds=0.2))
    with pytest.raises(UpstreamUnavailable) as failed:
        alone.wait_until_ready("listener")
    assert "pas prêt" in str(failed.value.details["reason"])


def test_ports_are_free_on_every_host_and_all_different() -> None:
    ports = choose_ports(["one", "two", "three"])
    assert len(set(ports.values())) == 3
    assert all(is_free(host, port) for host in choose_hosts() for port in ports.values())
