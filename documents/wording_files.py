"""Where wordings are kept: one file per kind and version, ``<kind>/<version>.md``, never changed once used."""

from __future__ import annotations

import re
from pathlib import Path

from conventions.errors import ConfigurationError
from documents.composition import verify_wording
from documents.vocabularies import VOCABULARIES
from documents.wording_parser import parse_wording
from documents.wording_templates import Wording

BUNDLED = Path(__file__).parent / "wording"
_ID = re.compile(r"([a-z_]+)/([A-Za-z0-9][A-Za-z0-9._-]{0,63})")


class WordingFiles:
    """Reads wordings by identifier (``convention/2026-1``), in the first directory that has the file."""

    def __init__(self, directories: tuple[Path, ...] = (BUNDLED,)) -> None:
        self._directories = directories
        self._read: dict[str, Wording] = {}

    def wording(self, wording_id: str) -> Wording:
        """Return a wording, read and checked once.

        Raises:
            ConfigurationError: no such wording, or an error in its file.
        """
        if wording_id not in self._read:
            self._read[wording_id] = self._load(wording_id)
        return self._read[wording_id]

    def _load(self, wording_id: str) -> Wording:
        match = _ID.fullmatch(wording_id)
        if match is None or match[1] not in VOCABULARIES:
            msg = f"not the identifier of a wording: {wording_id}"
            raise ConfigurationError(msg, code="wording.unknown", wording=wording_id)
        for directory in self._directories:
            path = directory / match[1] / f"{match[2]}.md"
            if path.is_file():
                wording = parse_wording(path.read_bytes(), wording_id, f"{match[1]}/{path.name}")
                verify_wording(wording, VOCABULARIES[match[1]])
                return wording
        msg = f"no wording {wording_id}"
        raise ConfigurationError(msg, code="wording.unknown", wording=wording_id)
