"""The programs outside Python that some tests use: how each is found, and how it is had."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
JUDGES_JAR = ROOT / "build" / "judges" / "target" / "judges.jar"
DSS_SERVICE_JAR = ROOT / "build" / "dss_service" / "target" / "dss-service.jar"
SOFTHSM_LIBRARIES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
)


@dataclass(frozen=True)
class Tool:
    """A program that `make tools` installs: its presence, what it is for, and where it comes from."""

    present: Callable[[], bool]
    purpose: str
    package: str

    @property
    def how_to_get(self) -> str:
        """Say how to have it."""
        return f"make tools ({self.package})"


def _on_path(*programs: str) -> Callable[[], bool]:
    return lambda: all(shutil.which(program) for program in programs)


def softhsm_library() -> Path | None:
    """Find SoftHSM's PKCS#11 module, where distributions put it."""
    return next((path for path in SOFTHSM_LIBRARIES if path.exists()), None)


TOOLS = {
    "chromium": Tool(_on_path("chromium"), "the journeys of people, in a browser", "Debian: chromium, fonts-liberation"),
    "dss": Tool(
        lambda: _on_path("java")() and DSS_SERVICE_JAR.exists(), "EU DSS behind its REST interface", "Maven, tests/interop/dss_service"
    ),
    "faketime": Tool(_on_path("faketime"), "programs seen years later", "Debian: faketime"),
    "java": Tool(_on_path("java"), "Java programs", "Debian: openjdk-17-jdk-headless"),
    "judges": Tool(lambda: _on_path("java")() and JUDGES_JAR.exists(), "EU DSS and veraPDF", "Maven, from ../shared/judges"),
    "openssl": Tool(_on_path("openssl"), "a second reader of certificates and time-stamps", "Debian: openssl"),
    "poppler": Tool(_on_path("pdfsig", "pdfinfo", "pdftoppm", "pdftotext"), "a second reader of PDF signatures", "Debian: poppler-utils"),
    "qpdf": Tool(_on_path("qpdf"), "a second reader of PDF structure", "Debian: qpdf"),
    "softhsm": Tool(lambda: _on_path("softhsm2-util")() and softhsm_library() is not None, "keys behind PKCS#11", "Debian: softhsm2"),
}
"""Tools by the name that ``needs_tool`` takes."""


def in_ci() -> bool:
    """Tell whether nothing may be left out."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}
