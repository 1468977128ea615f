"""The process in which one uploaded file is looked at: little memory, little time, no network, and its verdict as JSON.

Reads from standard input one line of JSON (see ``signing.upload_process``), then the two files; writes one line of JSON.
"""

from __future__ import annotations

import base64
import json
import resource
import sys
from datetime import datetime

from cryptography.hazmat.primitives import serialization

from conventions.errors import ContreseingError
from signing.names import PersonExpected
from signing.trust_files import parse_ends, store_of
from signing.uploads import AcceptedUpload, verify_upload

UNREADABLE = "upload.unreadable"


def main() -> None:
    """Judge one file; any exception is a refusal."""
    head = json.loads(sys.stdin.buffer.readline())
    limit = head["memory_bytes"]
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (head["cpu_seconds"], head["cpu_seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        prepared = sys.stdin.buffer.read(head["prepared_bytes"])
        uploaded = sys.stdin.buffer.read()
        person = PersonExpected(head["name"], head["siren"], head["may_lack_siren"]) if head["name"] else None
        trust = store_of(head["trust"].encode(), parse_ends(head["ends"])) if head["trust"] else None
        now = datetime.fromisoformat(head["now"])
        said = _accepted(verify_upload(prepared, uploaded, head["field"], person=person, trust=trust, now=now))
    except MemoryError:
        said = {"code": "upload.memory", "message": "the file makes its reader use too much memory"}
    except ContreseingError as error:
        said = {"code": error.code, "message": str(error), "details": error.details}
    except Exception as error:  # noqa: BLE001 a hostile file makes a library raise anything
        said = {"code": UNREADABLE, "message": f"the file makes its reader fail: {type(error).__name__}"}
    sys.stdout.write(json.dumps(said) + "\n")


def _accepted(found: AcceptedUpload) -> dict[str, object]:
    return {
        "code": "",
        "field": found.field,
        "signer": found.signer,
        "level": found.level.value,
        "end": found.end,
        "hole": found.hole,
        "certificates": [one.public_bytes(serialization.Encoding.PEM).decode("ascii") for one in (found.certificate, *found.others)],
        "stamped_at": found.token.gen_time.isoformat() if found.token is not None else None,
        "has_token": found.has_token,
        "ocsp_responses": [base64.b64encode(der).decode() for der in found.offered.ocsp_responses],
        "crls": [base64.b64encode(der).decode() for der in found.offered.crls],
    }


if __name__ == "__main__":
    main()
