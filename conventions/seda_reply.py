"""Read what an archiving service answers to a transfer: ``Acknowledgement`` and ``ArchiveTransferReply`` of SEDA 2.2.

The file comes from elsewhere: declarations of types and entities are refused before anything is read from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from xml.parsers.expat import ExpatError, ParserCreate

from conventions.errors import InputRefused
from conventions.french import PARIS
from conventions.seda import NAMESPACE

MOST_BYTES = 5_000_000
ACCEPTED_CODES = frozenset({"000", "001", "OK", "WARNING"})
"""``ReplyCode`` that say that the archives are kept: of SEDA's own list (000, 001) and of VITAM's."""


class Outcome(StrEnum):
    """What the service says of a transfer."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True)
class TransferReply:
    """What a message says: of which transfer, by whom to whom, and, where it is a reply, its code and since when it keeps."""

    outcome: Outcome
    message_id: str
    transfer_id: str
    archival_agency: str
    transferring_agency: str
    at: datetime
    code: str = ""
    granted_at: datetime | None = None


def parse_transfer_reply(data: bytes) -> TransferReply:
    """Read a message; only what stands directly in its root, or one level under, is looked at.

    Raises:
        InputRefused: not XML, too large, with a document type, another message or namespace, or something lacks (``transfer.unreadable``).
    """
    name, found = _texts(data)
    try:
        if name == "Acknowledgement":
            return TransferReply(
                Outcome.RECEIVED,
                found["MessageIdentifier"],
                found["MessageReceivedIdentifier"],
                found["Sender/Identifier"],
                found["Receiver/Identifier"],
                _instant(found["Date"]),
            )
        if name != "ArchiveTransferReply":
            raise _refused(f"a message {name}")
        code, granted = found["ReplyCode"], found.get("GrantDate")
        return TransferReply(
            Outcome.ACCEPTED if code in ACCEPTED_CODES else Outcome.REFUSED,
            found["MessageIdentifier"],
            found["MessageRequestIdentifier"],
            found["ArchivalAgency/Identifier"],
            found["TransferringAgency/Identifier"],
            _instant(found["Date"]),
            code,
            _instant(granted) if granted is not None else None,
        )
    except KeyError as error:
        raise _refused(f"no {error.args[0]}") from error
    except ValueError as error:
        raise _refused("a date that is none") from error


def _texts(data: bytes) -> tuple[str, dict[str, str]]:
    """Return the root's name, and the first text at each path of one or two elements under it, spaces put in order."""
    if len(data) > MOST_BYTES:
        raise _refused("too large")
    path, texts = list[str](), dict[str, list[str]]()
    root = list[str]()

    def start(name: str, _attributes: object) -> None:
        namespace, _, local = name.rpartition(" ")
        if not path and namespace != NAMESPACE:
            raise _refused(f"namespace {namespace}")
        path.append(local if namespace == NAMESPACE else "")
        if len(path) == 1:
            root.append(local)

    def end(_name: str) -> None:
        where = "/".join(path[1:])
        texts.setdefault(where, []).append("\0")  # what comes after belongs to another element of that name
        path.pop()

    def text(characters: str) -> None:
        if len(path) in {2, 3}:
            texts.setdefault("/".join(path[1:]), []).append(characters)

    def doctype(*_: object) -> None:
        raise _refused("a document type")

    parser = ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except (ExpatError, LookupError) as error:
        raise _refused("not XML") from error
    firsts = {where: " ".join("".join(parts).partition("\0")[0].split()) for where, parts in texts.items()}
    return root[0], {where: value for where, value in firsts.items() if value}


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is not None else at.replace(tzinfo=PARIS)


def _refused(why: str) -> InputRefused:
    return InputRefused(f"the archiving service's message cannot be read: {why}", code="transfer.unreadable")
