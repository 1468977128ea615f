"""What each program says of a file, in one word that can be compared: ours, and those that are not."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.reader import PdfFileReader

from conventions.errors import VerificationFailed
from conventions.signatures import ExpectedSigner, Indication
from signing.chains import TrustStore
from signing.cms_parsing import SIGNATURE_TIMESTAMP_OID, parse_cms
from signing.der import strip_padding
from signing.identities import IssuerRules
from signing.names import PersonExpected
from signing.second_reader import SecondReader
from signing.uploads import verify_upload
from signing.verify import FileVerifier
from tests.tools import JUDGES_JAR

UPLOAD, FIRST, SECOND, DSS, PDFSIG, QPDF, OPENSSL = "upload check", "first reader", "second reader", "EU DSS", "pdfsig", "qpdf", "openssl"
STATE_UNKNOWN = frozenset({"CERTIFICATE_CHAIN_GENERAL_FAILURE", "TRY_LATER"})
"""Sub-indications of a file in which everything holds but that nothing in it tells whether the certificate was revoked."""
REFUSED_IN_PDFSIG = re.compile(r"Signature Validation: (.+)")


class Stance(StrEnum):
    """What a verdict comes to."""

    ACCEPTS = "accepts"
    UNDECIDED = "undecided"
    REFUSES = "refuses"


@dataclass(frozen=True)
class Verdict:
    """What a judge says; ``said`` is shown."""

    stance: Stance
    said: str


@dataclass(frozen=True)
class Expected:
    """Who should have signed, for our own readers."""

    trust: Sequence[x509.Certificate]
    signers: Sequence[ExpectedSigner]
    rules: IssuerRules


def accepts(said: str) -> Verdict:
    """Make the verdict of a judge that finds no fault."""
    return Verdict(Stance.ACCEPTS, said)


def refuses(said: str) -> Verdict:
    """Make the verdict of a judge that finds one."""
    return Verdict(Stance.REFUSES, f"refuses: {said}")


def render_pem(certificates: Iterable[x509.Certificate]) -> bytes:
    """Write certificates one after another."""
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def ask_upload_check(prepared: bytes, uploaded: bytes, field: str, person: PersonExpected, trust: Sequence[x509.Certificate]) -> Verdict:
    """Ask our check of files signed elsewhere; a library's exception is the refusal that its process makes of it."""
    try:
        found = verify_upload(prepared, uploaded, field, person=person, trust=TrustStore(trust), now=datetime.now(UTC))
    except VerificationFailed as error:
        return refuses(error.code.removeprefix("upload."))
    except Exception:  # noqa: BLE001 as signing/upload_child.py
        return refuses("unreadable")
    return accepts(f"accepts, {found.level}")


def ask_first_reader(data: bytes, trust: Sequence[x509.Certificate]) -> Verdict:
    """Ask ``contreseing verify``: anchors, and no opinion on who should have signed."""
    found = FileVerifier([render_pem(trust)]).verify(data, datetime.now(UTC))
    if found.is_valid:
        return accepts(f"accepts, {found.level}")
    if not found.signatures:
        return refuses("no signature" if "no signature" in found.reasons else "unreadable")
    failed = [one for one in found.signatures if one.indication is not Indication.TOTAL_PASSED]
    if failed and all(one.indication is Indication.INDETERMINATE and one.sub_indication in STATE_UNKNOWN for one in failed):
        return Verdict(Stance.UNDECIDED, "undecided: state unknown")
    return refuses(failed[0].sub_indication if failed else "not sealed")


def ask_second_reader(data: bytes, expected: Expected) -> Verdict:
    """Ask the reader without pyHanko, which judges B-LTA files and who signed them."""
    report = SecondReader(TrustStore(expected.trust), expected.rules).validate(data, expected.signers, datetime.now(UTC))
    if report.valid:
        return accepts(f"accepts, {report.level}")
    reason = report.reasons[0].removeprefix(f"{expected.signers[0].field}: ")
    return refuses(reason.split(":")[0])


def ask_dss(paths: Mapping[str, Path], trust: Iterable[Path]) -> dict[str, Verdict]:
    """Ask EU DSS, of all files in one call, with anchors and without the network."""
    command = ["java", "-Xmx1g", "-jar", str(JUDGES_JAR), "dss", "--json", "--compare-pages", "0"]
    anchors = [option for path in trust for option in ("--trust", str(path))]
    done = subprocess.run([*command, *anchors, *map(str, paths.values())], capture_output=True, text=True, check=False, timeout=280)
    said = {Path(one["file"]).name: one for one in map(json.loads, done.stdout.splitlines())}
    return {name: _of_dss(said[path.name]) for name, path in paths.items()}


def _of_dss(said: Mapping[str, Any]) -> Verdict:
    signatures = said.get("signatures", ())
    if not signatures:
        return refuses("unreadable" if "error" in said else "no signature")
    failed = [one for one in signatures if one["indication"] != "TOTAL_PASSED"]
    if failed and all(one["indication"] == "INDETERMINATE" and one["subIndication"] in STATE_UNKNOWN for one in failed):
        return Verdict(Stance.UNDECIDED, "undecided: state unknown")
    if failed:
        return refuses(str(failed[0]["subIndication"]))
    levels = (str(one["level"]).replace("PAdES-BASELINE-", "B-").removeprefix("PAdES-") for one in signatures)
    return accepts(f"TOTAL_PASSED, {' and '.join(dict.fromkeys(levels))}")


def ask_pdfsig(path: Path) -> Verdict:
    """Ask poppler for the signatures' values and digests; it is not asked about certificates, nor knows document time-stamps."""
    done = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False, timeout=60)
    parts = [part for part in done.stdout.split("Signature #")[1:] if "is not signed" not in part and "Signature Type: unknown" not in part]
    said = [found[1].rstrip(".") for part in parts if (found := REFUSED_IN_PDFSIG.search(part))]
    if not said:
        return refuses("no signature" if done.returncode in {0, 2} else "unreadable")
    if faults := [one for one in said if one != "Signature is Valid"]:
        return refuses(faults[0])
    return accepts("valid, not the whole file" if "Not total document signed" in parts[-1] else "valid")


def ask_qpdf(path: Path) -> Verdict:
    """Ask qpdf about the structure alone."""
    code = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, check=False, timeout=60).returncode
    return accepts("sound") if code == 0 else refuses({2: "errors", 3: "warnings"}.get(code, "gave up"))


def ask_openssl(data: bytes, trust: Path, folder: Path) -> Verdict:
    """Ask ``openssl cms`` of each signature and ``openssl ts`` of each time-stamp, its own and the document's."""
    counts = {"signature": 0, "time-stamp": 0}
    for one in PdfFileReader(io.BytesIO(data)).embedded_signatures:
        begin, length, rest, rest_length = (int(number) for number in one.byte_range)
        covered = data[begin : begin + length] + data[rest : rest + rest_length]
        der = strip_padding(one.pkcs7_content)
        tokens = [(der, covered)]
        if one.sig_object_type != "/DocTimeStamp":
            counts["signature"] += 1
            verify = (
                "cms",
                "-verify",
                "-binary",
                "-cades",
                "-inform",
                "DER",
                "-purpose",
                "any",
                "-out",
                "/dev/null",
                "-content",
                "covered",
            )
            if fault := _openssl_fault(folder, trust, verify, der, covered):
                return refuses(fault)
            cms = parse_cms(der)
            tokens = [(token, cms.signature) for token in cms.unsigned_attributes.get(SIGNATURE_TIMESTAMP_OID, ())]
        for token, stamped in tokens:
            counts["time-stamp"] += 1
            if fault := _openssl_fault(folder, trust, ("ts", "-verify", "-token_in", "-data", "covered"), token, stamped):
                return refuses(fault)
    return accepts(", ".join(f"{count} {what}{'s' * (count > 1)}" for what, count in counts.items() if count))


def _openssl_fault(folder: Path, trust: Path, verify: Sequence[str], der: bytes, covered: bytes) -> str:
    (folder / "der").write_bytes(der)
    (folder / "covered").write_bytes(covered)
    command = ["openssl", *verify, "-in", "der", "-CAfile", str(trust)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return "" if done.returncode == 0 else done.stderr.strip().rpartition(":")[2][:60]


def versions() -> dict[str, str]:
    """Return what each program calls its version."""
    with zipfile.ZipFile(JUDGES_JAR) as jar:
        properties = jar.read("META-INF/maven/eu.europa.ec.joinup.sd-dss/dss-pades-pdfbox/pom.properties").decode()
    return {
        DSS: next(line for line in properties.splitlines() if line.startswith("version=")).removeprefix("version="),
        PDFSIG: _said("pdfsig", "-v").split()[2],
        QPDF: _said("qpdf", "--version").split()[2],
        OPENSSL: _said("openssl", "version").split()[1],
    }


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr
