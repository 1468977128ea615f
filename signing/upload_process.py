"""Judges an uploaded file in a process of its own: whatever the file, within ten seconds and 512 MB, any failure is a refusal."""

from __future__ import annotations

import base64
import dataclasses
import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from conventions.errors import VerificationFailed
from conventions.signatures import PadesLevel
from signing.names import PersonExpected
from signing.trust_files import Ends, render_ends

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 10
WALL_SECONDS = 10.0
MAX_UPLOAD_BYTES = 30_000_000
PACKAGES = Path(__file__).parents[1]


@dataclass(frozen=True)
class UploadLimits:
    """What a file's reader may use."""

    memory_bytes: int = MEMORY_BYTES
    cpu_seconds: int = CPU_SECONDS
    wall_seconds: float = WALL_SECONDS


@dataclass(frozen=True)
class CheckedUpload:
    """An accepted file's signature: who, at which level, where its revision ends; the signer's certificate comes first."""

    field: str
    signer: str
    level: PadesLevel
    end: int
    hole: tuple[int, int]
    certificates: tuple[x509.Certificate, ...]
    stamped_at: datetime | None
    has_token: bool
    ocsp_responses: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class UploadQuestion:
    """Two files and what is expected: ``person`` None, whoever signed; ``trust_pem`` empty, whatever the certificate's authority."""

    prepared: bytes
    uploaded: bytes
    field: str
    person: PersonExpected | None
    trust_pem: Sequence[bytes]
    now: datetime
    ends: Ends = dataclasses.field(default_factory=dict)


def judge_upload(question: UploadQuestion, limits: UploadLimits | None = None) -> CheckedUpload:
    """Judge an uploaded file.

    Raises:
        VerificationFailed: ``upload.<what>``; every other failure of its reader included.
    """
    if len(question.uploaded) > MAX_UPLOAD_BYTES:
        raise VerificationFailed("a file larger than any of ours", code="upload.too_large")
    said = _asked(question, limits or UploadLimits())
    if code := str(said["code"]):
        raise VerificationFailed(said["message"], code=code, **said.get("details", {}))
    return CheckedUpload(
        field=said["field"],
        signer=said["signer"],
        level=PadesLevel(said["level"]),
        end=said["end"],
        hole=(said["hole"][0], said["hole"][1]),
        certificates=tuple(x509.load_pem_x509_certificate(pem.encode("ascii")) for pem in said["certificates"]),
        stamped_at=datetime.fromisoformat(said["stamped_at"]) if said["stamped_at"] else None,
        has_token=said["has_token"],
        ocsp_responses=tuple(base64.b64decode(one) for one in said["ocsp_responses"]),
        crls=tuple(base64.b64decode(one) for one in said["crls"]),
    )


def _asked(question: UploadQuestion, limits: UploadLimits) -> Mapping[str, Any]:
    head = {
        "memory_bytes": limits.memory_bytes,
        "cpu_seconds": limits.cpu_seconds,
        "prepared_bytes": len(question.prepared),
        "field": question.field,
        "name": question.person.name if question.person else "",
        "siren": question.person.siren if question.person else "",
        "may_lack_siren": question.person.may_lack_siren if question.person else False,
        "trust": b"\n".join(question.trust_pem).decode("ascii"),
        "ends": render_ends(question.ends),
        "now": question.now.isoformat(),
    }
    given = json.dumps(head).encode() + b"\n" + question.prepared + question.uploaded
    command = [sys.executable, "-m", "signing.upload_child"]
    try:
        done = subprocess.run(  # noqa: S603 this program, with nothing of the file in its arguments
            command, input=given, capture_output=True, timeout=limits.wall_seconds, check=False, env={"PYTHONPATH": str(PACKAGES)}
        )
    except subprocess.TimeoutExpired as error:
        raise VerificationFailed("the file takes its reader too long", code="upload.time") from error
    try:
        said: Mapping[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        code = "upload.time" if done.returncode == -signal.SIGXCPU else "upload.unreadable"
        raise VerificationFailed(f"the file's reader ended with {done.returncode}", code=code) from error
    return said
