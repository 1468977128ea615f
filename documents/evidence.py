"""Data of an evidence file, as ``documents/schemas/evidence-1.json`` describes it, read strictly."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from conventions.canonical import Json
from conventions.errors import InputRefused
from conventions.kinds import Kind, Party
from conventions.signatures import Indication, PadesLevel

EVIDENCE_SCHEMA = "contreseing/evidence/1"
EVIDENCE_FILENAME = "evidence.json"
LOCK_MODES = ("COMPLIANCE", "GOVERNANCE")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SIRET = re.compile(r"\d{14}")

Item = TypeVar("Item")


@dataclass(frozen=True)
class Body:
    """A public body; the last three are those of the syndicate alone."""

    name: str
    siret: str
    seat: str = ""
    telephone: str = ""
    website: str = ""


@dataclass(frozen=True)
class Document:
    """The agreement that the evidence is about, and the digests (SHA-256, hexadecimal) of its successive files."""

    kind: Kind
    title: str
    page_count: int
    wording_id: str
    wording_sha256: str
    data_sha256: str
    prepared_sha256: str
    member_signed_sha256: str | None
    sealed_sha256: str | None


@dataclass(frozen=True)
class Signatory:
    """A person who signed or was asked to, and by what they were identified."""

    party: Party
    name: str
    capacity: str
    organisation: str
    identified_by: tuple[str, ...]


@dataclass(frozen=True)
class Happening:
    """An event of the journal: its index there (None while it has none), its instant, its type, and what it says."""

    index: int | None
    at: datetime
    type: str
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SignatureEvidence:
    """A signature found in the file; ``explanation`` says in French why its level is what it is."""

    field: str
    signer: str
    organisation: str
    signed_at: datetime
    level: PadesLevel
    indication: Indication
    certificate_sha256: str
    explanation: str


@dataclass(frozen=True)
class TimestampEvidence:
    """A time-stamp found in the file; ``explanation`` says in French what it proves and why it is qualified or not."""

    field: str
    authority: str
    at: datetime
    is_qualified: bool
    explanation: str


@dataclass(frozen=True)
class Reading:
    """A validation by one reader of the file of that digest."""

    reader: str
    at: datetime
    sha256: str
    is_valid: bool
    level: PadesLevel | None


@dataclass(frozen=True)
class JournalHead:
    """The head of the journal that covers the events above."""

    size: int
    root: str
    at: datetime


@dataclass(frozen=True)
class Keeping:
    """How the archived file is kept."""

    key: str
    sha256: str
    lock_mode: str
    retain_until: datetime


@dataclass(frozen=True)
class EvidenceData:
    """All that an evidence file says."""

    reference: str
    version: int
    demonstration: bool
    established_at: datetime
    syndicate: Body
    member: Body
    document: Document
    people: tuple[Signatory, ...]
    events: tuple[Happening, ...]
    signatures: tuple[SignatureEvidence, ...]
    timestamps: tuple[TimestampEvidence, ...]
    validations: tuple[Reading, ...]
    journal: JournalHead | None
    archive: Keeping | None


def parse_evidence(data: Mapping[str, Json]) -> EvidenceData:
    """Read the data of an evidence file.

    Raises:
        InputRefused: names the entry that is missing, unknown or not of its type; events out of order.
    """
    whole = _Reader(data)
    if whole.text("schema") != EVIDENCE_SCHEMA:
        raise _refused("schema", f"{EVIDENCE_SCHEMA} expected")
    found = EvidenceData(
        reference=whole.text("reference"),
        version=whole.count("version"),
        demonstration=whole.flag("demonstration"),
        established_at=whole.instant("established_at"),
        syndicate=_whole(whole.table("syndicate"), _syndicate),
        member=_whole(whole.table("member"), _member),
        document=_whole(whole.table("document"), _document),
        people=whole.items("people", _signatory),
        events=whole.items("events", _happening),
        signatures=whole.items("signatures", _signature),
        timestamps=whole.items("timestamps", _timestamp),
        validations=whole.items("validations", _reading),
        journal=whole.optional("journal", _journal),
        archive=whole.optional("archive", _keeping),
    )
    whole.close()
    if list(found.events) != sorted(found.events, key=lambda event: event.at):
        raise _refused("events", "not in the order of time")
    return found


def _refused(path: str, what: str) -> InputRefused:
    return InputRefused(f"evidence data, {path}: {what}", code="documents.evidence_data", entry=path)


class _Reader:
    """Reads one object's entries; ``close`` refuses those that nobody asked for."""

    def __init__(self, value: Json, path: str = "") -> None:
        if not isinstance(value, Mapping):
            raise _refused(path or "evidence", "an object is expected")
        self._value = value
        self._path = path
        self._asked: set[str] = set()

    def _entry(self, name: str) -> tuple[Json, str]:
        self._asked.add(name)
        path = f"{self._path}.{name}".lstrip(".")
        if name not in self._value:
            raise _refused(path, "missing")
        return self._value[name], path

    def close(self) -> None:
        for name in self._value:
            if name not in self._asked:
                raise _refused(f"{self._path}.{name}".lstrip("."), "unknown")

    def text(self, name: str) -> str:
        value, path = self._entry(name)
        if not isinstance(value, str) or not value.strip():
            raise _refused(path, "a text is expected")
        return value

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        value, path = self._entry(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _refused(path, f"{pattern.pattern} expected")
        return value

    def digest(self, name: str) -> str:
        return self.matching(name, _SHA256)

    def optional_digest(self, name: str) -> str | None:
        return None if self._entry(name)[0] is None else self.digest(name)

    def count(self, name: str, least: int = 1) -> int:
        value, path = self._entry(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise _refused(path, f"an integer of at least {least} is expected")
        return value

    def optional_count(self, name: str, least: int) -> int | None:
        return None if self._entry(name)[0] is None else self.count(name, least)

    def flag(self, name: str) -> bool:
        value, path = self._entry(name)
        if not isinstance(value, bool):
            raise _refused(path, "true or false is expected")
        return value

    def instant(self, name: str) -> datetime:
        value, path = self._entry(name)
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise _refused(path, "an ISO 8601 instant is expected") from error
        if at.tzinfo is None:
            raise _refused(path, "an instant needs its time zone")
        return at

    def choice(self, name: str, choices: Callable[[str], Item]) -> Item:
        value, path = self._entry(name)
        try:
            return choices(str(value))
        except ValueError as error:
            raise _refused(path, "not one of the values known") from error

    def optional_choice(self, name: str, choices: Callable[[str], Item]) -> Item | None:
        return None if self._entry(name)[0] is None else self.choice(name, choices)

    def table(self, name: str) -> _Reader:
        value, path = self._entry(name)
        return _Reader(value, path)

    def optional(self, name: str, read: Callable[[_Reader], Item]) -> Item | None:
        return None if self._entry(name)[0] is None else _whole(self.table(name), read)

    def items(self, name: str, read: Callable[[_Reader], Item]) -> tuple[Item, ...]:
        value, path = self._entry(name)
        if not isinstance(value, list | tuple):
            raise _refused(path, "a list is expected")
        return tuple(_whole(_Reader(item, f"{path}[{rank}]"), read) for rank, item in enumerate(value, 1))

    def texts(self, name: str) -> tuple[str, ...]:
        value, path = self._entry(name)
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item.strip() for item in value):
            raise _refused(path, "a list of texts is expected")
        return tuple(str(item) for item in value)


def _whole(reader: _Reader, read: Callable[[_Reader], Item]) -> Item:
    item = read(reader)
    reader.close()
    return item


def _syndicate(reader: _Reader) -> Body:
    return Body(
        reader.text("name"), reader.matching("siret", _SIRET), reader.text("seat"), reader.text("telephone"), reader.text("website")
    )


def _member(reader: _Reader) -> Body:
    return Body(reader.text("name"), reader.matching("siret", _SIRET))


def _document(reader: _Reader) -> Document:
    return Document(
        kind=reader.choice("kind", Kind),
        title=reader.text("title"),
        page_count=reader.count("page_count"),
        wording_id=reader.text("wording_id"),
        wording_sha256=reader.digest("wording_sha256"),
        data_sha256=reader.digest("data_sha256"),
        prepared_sha256=reader.digest("prepared_sha256"),
        member_signed_sha256=reader.optional_digest("member_signed_sha256"),
        sealed_sha256=reader.optional_digest("sealed_sha256"),
    )


def _signatory(reader: _Reader) -> Signatory:
    return Signatory(
        reader.choice("party", Party),
        reader.text("name"),
        reader.text("capacity"),
        reader.text("organisation"),
        reader.texts("identified_by"),
    )


def _happening(reader: _Reader) -> Happening:
    return Happening(reader.optional_count("index", 0), reader.instant("at"), reader.text("type"), reader.items("details", _detail))


def _detail(reader: _Reader) -> tuple[str, str]:
    return reader.text("name"), reader.text("value")


def _signature(reader: _Reader) -> SignatureEvidence:
    return SignatureEvidence(
        reader.text("field"),
        reader.text("signer"),
        reader.text("organisation"),
        reader.instant("signed_at"),
        reader.choice("level", PadesLevel),
        reader.choice("indication", Indication),
        reader.digest("certificate_sha256"),
        reader.text("explanation"),
    )


def _timestamp(reader: _Reader) -> TimestampEvidence:
    return TimestampEvidence(
        reader.text("field"), reader.text("authority"), reader.instant("at"), reader.flag("is_qualified"), reader.text("explanation")
    )


def _reading(reader: _Reader) -> Reading:
    return Reading(
        reader.text("reader"),
        reader.instant("at"),
        reader.digest("sha256"),
        reader.flag("is_valid"),
        reader.optional_choice("level", PadesLevel),
    )


def _journal(reader: _Reader) -> JournalHead:
    return JournalHead(reader.count("size"), reader.digest("root"), reader.instant("at"))


def _keeping(reader: _Reader) -> Keeping:
    mode = reader.matching("lock_mode", re.compile("|".join(LOCK_MODES)))
    return Keeping(reader.text("key"), reader.digest("sha256"), mode, reader.instant("retain_until"))
