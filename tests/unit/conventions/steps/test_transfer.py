"""Transfer to an archiving service: the package that SEDA describes, and what the service answers, read and kept."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from conventions.archiving_service import ArchivingService
from conventions.errors import ConfigurationError, ContreseingError, EvidenceBroken, InputRefused, NotFound, RuleRefused
from conventions.retention import FinalFate
from conventions.seda import MANIFEST, NAMESPACE
from conventions.seda_reply import MOST_BYTES, Outcome, parse_transfer_reply
from conventions.steps.acknowledge_transfer import acknowledge_transfer
from conventions.steps.list_eliminable import list_eliminable
from conventions.steps.restamp import restamp
from conventions.steps.transfer import Transfer, transfer
from tests.fakes.world import World

etree: Any = importlib.import_module("lxml.etree")  # published without type information
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parents[3] / "vectors" / "archive_transfer.xsd"))
SERVICE = ArchivingService("AV-2026-01", "FRAD-FICTIF", "KER-NIVEREL", "APP10Y")
NAMES = {"s": NAMESPACE}


def world_of(service: ArchivingService | None = SERVICE, **rules: Any) -> World:  # noqa: ANN401 any field of Rules
    world = World()
    world.ports = dataclasses.replace(world.ports, rules=dataclasses.replace(world.rules, archiving_service=service, **rules))
    return world


def opened(made: Transfer) -> tuple[Any, Mapping[str, bytes]]:
    """Read a package: its manifest, valid, and its files."""
    with zipfile.ZipFile(io.BytesIO(made.data)) as packed:
        assert packed.testzip() is None
        files = {name: packed.read(name) for name in packed.namelist()}
    manifest = etree.fromstring(files.pop(MANIFEST))
    SCHEMA.assertValid(manifest)
    return manifest, files


def texts(manifest: Any, path: str) -> list[str]:  # noqa: ANN401 an element of lxml
    return [element.text for element in manifest.iterfind(path, NAMES)]


def reply_to(made: Transfer, code: str | None = "000", agency: str = "FRAD-FICTIF", **more: str) -> bytes:
    lines = [f"<ReplyCode>{code}</ReplyCode>"] if code is not None else []
    lines += [f"<{name}>{value}</{name}>" for name, value in more.items()]
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ArchiveTransferReply xmlns="{NAMESPACE}"><Comment>Reçu.</Comment><Date>2026-02-03T10:00:00Z</Date>
<MessageIdentifier>R-1</MessageIdentifier><CodeListVersions/>{"".join(lines)}
<MessageRequestIdentifier>{made.message_id}</MessageRequestIdentifier><GrantDate>2026-02-03T09:59:00</GrantDate>
<ArchivalAgency><Identifier>{agency}</Identifier></ArchivalAgency>
<TransferringAgency><Identifier>KER-NIVEREL</Identifier></TransferringAgency></ArchiveTransferReply>""".encode()


def event_types(world: World, reference: str) -> list[str]:
    with world.registry.read() as tx:
        return [entry.event.type for entry in tx.events(reference)]


def test_a_package_holds_every_archived_object_described_and_to_the_bit() -> None:
    world = world_of()
    references = [world.archived(14), world.archived(15)]
    made = transfer(world.ports, references, "agent")
    manifest, files = opened(made)
    columns = [texts(manifest, f".//s:{name}") for name in ("Uri", "MessageDigest", "Size")]
    objects = {uri: (digest, size) for uri, digest, size in zip(*columns, strict=True)}
    assert objects == {name: (hashlib.sha512(data).hexdigest(), str(len(data))) for name, data in files.items()}
    assert sorted(files.values()) == sorted(data for key, data in world.archive.objects.items() if key.startswith("agreements/"))
    assert (
        texts(manifest, "s:DataObjectPackage/s:DescriptiveMetadata/s:ArchiveUnit/s:Content/s:OriginatingAgencyArchiveUnitIdentifier")
        == references
    )
    assert texts(manifest, ".//s:AppraisalRule/*") == ["APP10Y", "2030-12-31", "Keep"] * 2
    assert texts(manifest, "s:ArchivalAgreement") == ["AV-2026-01"]
    for reference in references:
        assert "archive.transferred" in event_types(world, reference)


@pytest.mark.parametrize(("fate", "said"), [(FinalFate.SORT, "Keep"), (FinalFate.DESTROY, "Destroy")])
def test_the_final_fate_is_said_and_without_a_rule_alone(fate: FinalFate, said: str) -> None:
    world = world_of(dataclasses.replace(SERVICE, appraisal_rule=None), final_fate=fate)
    manifest, _ = opened(transfer(world.ports, [world.archived()], "agent"))
    assert texts(manifest, ".//s:AppraisalRule/*") == [said]


def test_a_renewed_agreement_is_transferred_with_its_renewal() -> None:
    world = world_of()
    reference = world.archived()
    world.clock.advance(timedelta(days=370))
    assert restamp(world.ports, reference)
    _, files = opened(transfer(world.ports, [reference], "agent"))
    assert any(name.endswith("-restamped-1.pdf") for name in files)


def test_what_cannot_be_transferred_is_refused_and_nothing_is_journalled() -> None:
    world = world_of()
    archived, signed = world.archived(14), world.member_signed(15)
    refusals: list[tuple[World, list[str], type[ContreseingError], str]] = [
        (world, [], InputRefused, "transfer.list"),
        (world, [archived, archived], InputRefused, "transfer.list"),
        (world, [archived, signed], NotFound, "transfer.not_archived"),
        (world_of(None), [archived], ConfigurationError, "transfer.no_service"),
    ]
    for one, references, kind, code in refusals:
        with pytest.raises(kind) as error:
            transfer(one.ports, references, "agent")
        assert error.value.code == code
    key = next(key for key in world.archive.objects if "-sealed-" in key)
    world.archive.objects[key] += b" "
    with pytest.raises(EvidenceBroken):
        transfer(world.ports, [archived], "agent")
    assert "archive.transferred" not in event_types(world, archived)


def test_an_acceptance_is_kept_under_lock_and_lets_go_of_what_is_kept_elsewhere() -> None:
    world = world_of()
    reference = world.archived()
    made = transfer(world.ports, [reference], "agent")
    data = reply_to(made)
    reply, references = acknowledge_transfer(world.ports, data, "agent")
    assert (reply.outcome, references) == (Outcome.ACCEPTED, (reference,))
    assert reply.granted_at is not None
    assert reply.granted_at.isoformat() == "2026-02-03T09:59:00+01:00"
    assert data in world.archive.objects.values()
    far = datetime(2060, 1, 1, tzinfo=UTC)
    assert [one.is_transferred for one in list_eliminable(world.ports, far)] == [True]
    before = event_types(world, reference)
    assert acknowledge_transfer(world.ports, data, "agent")[1] == (reference,)
    assert event_types(world, reference) == before


def test_a_receipt_and_a_refusal_let_go_of_nothing() -> None:
    world = world_of()
    reference = world.archived()
    made = transfer(world.ports, [reference], "agent")
    receipt = f"""<Acknowledgement xmlns="{NAMESPACE}"><Date>2026-02-03T10:00:00Z</Date><MessageIdentifier>A-1</MessageIdentifier>
<MessageReceivedIdentifier> {made.message_id} </MessageReceivedIdentifier><Sender><Identifier>FRAD-FICTIF</Identifier></Sender>
<Receiver><Identifier>KER-NIVEREL</Identifier></Receiver></Acknowledgement>""".encode()
    assert acknowledge_transfer(world.ports, receipt, "agent")[0].outcome is Outcome.RECEIVED
    assert acknowledge_transfer(world.ports, reply_to(made, "KO"), "agent")[0].outcome is Outcome.REFUSED
    assert list_eliminable(world.ports, datetime(2060, 1, 1, tzinfo=UTC)) == []
    assert event_types(world, reference)[-2:] == ["archive.transfer_received", "archive.transfer_refused"]


def test_an_answer_to_no_transfer_of_ours_or_from_another_agency_is_refused() -> None:
    world = world_of()
    made = transfer(world.ports, [world.archived()], "agent")
    with pytest.raises(NotFound) as unknown:
        acknowledge_transfer(world.ports, reply_to(Transfer("another", b"")), "agent")
    assert unknown.value.code == "transfer.unknown"
    with pytest.raises(RuleRefused) as other:
        acknowledge_transfer(world.ports, reply_to(made, agency="FRAD-AUTRE"), "agent")
    assert other.value.code == "transfer.other_agency"


MADE = Transfer("m-1", b"")
BOMB = b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;&b;">]>'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"<a",
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        reply_to(MADE).replace(NAMESPACE.encode(), b"fr:gouv:culture:archivesdefrance:seda:v1.0"),
        reply_to(MADE).replace(b"ArchiveTransferReply", b"ArchiveTransfer"),
        reply_to(MADE, None),
        reply_to(MADE, " "),
        reply_to(MADE).replace(b"2026-02-03T10:00:00Z", b"yesterday"),
        BOMB + reply_to(MADE).partition(b"?>")[2],
        BOMB.decode().encode("utf-16") + reply_to(MADE).partition(b"?>")[2].decode().encode("utf-16-le"),
        b"<!--" + b" " * MOST_BYTES + b"-->" + reply_to(MADE).partition(b"?>")[2],
    ],
    ids=lambda data: str(len(data)),
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(InputRefused) as error:
        parse_transfer_reply(data)
    assert error.value.code == "transfer.unreadable"


def test_the_first_text_of_an_element_counts_and_foreign_ones_do_not() -> None:
    data = reply_to(MADE).replace(b"<ReplyCode>", b'<ReplyCode>KO</ReplyCode><x:ReplyCode xmlns:x="urn:x">000</x:ReplyCode><ReplyCode>')
    assert parse_transfer_reply(data).code == "KO"
