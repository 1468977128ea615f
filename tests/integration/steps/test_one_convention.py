"""One convention on real parts, by the steps alone: from a row of the members' file to archive, orders and mails."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, select

from conventions.agreements import FactKind, Stage, settled_services
from conventions.canonical import render_canonical, sha256_hex
from conventions.corrections import form_of
from conventions.errors import InputRefused
from conventions.journal.merkle import leaf_hash
from conventions.preparation import expected_signers, preparation_of
from conventions.status import Status
from conventions.steps import activate, archive, correct_member, countersign, invite, prepare, read_page, redraft, return_to_member
from conventions.steps.activate import order_key
from conventions.steps.import_members import import_members
from storage.registry.tables import metadata
from tests.integration.steps.town import CODE, LINK, Town
from tests.invariants import check_agreement, check_folder_is_listed

pytestmark = pytest.mark.sampled(one_in=2)


def completed(town: Town, reference: str) -> None:
    """Take a member-signed agreement to the end, each step twice: the second time changes nothing."""
    authorisation = town.authorise(reference)
    (outcome,) = countersign.countersign(town.ports, authorisation.id)
    assert outcome.signed is not None, outcome.failure
    assert countersign.countersign(town.ports, authorisation.id) == ()
    for step in (archive.archive, activate.activate):
        step(town.ports, reference)
        before = town.agreement(reference)
        step(town.ports, reference)
        assert town.agreement(reference) == before
    town.deliver()


def everything_stored(url: str) -> str:
    """Write out every row of every table."""
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = [tuple(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    engine.dispose()
    return repr(rows)


def test_from_a_row_of_the_file_to_archive_orders_and_mails(town: Town) -> None:
    town.open()
    reference = town.invited()
    assert town.status(reference) is Status.AWAITING_MEMBER
    cookie = town.visit(reference)
    assert read_page.page_picture(town.ports, cookie, 1).startswith(b"\x89PNG")
    view = town.sign(reference)
    assert view.signed_at is not None
    completed(town, reference)
    assert town.status(reference) is Status.ACTIVE

    agreement, ports = town.agreement(reference), town.ports
    check_agreement(ports, reference)
    check_folder_is_listed(ports, reference)
    services_on, pending = settled_services(agreement)
    assert (len(services_on), pending) == (11, ("sae",))

    archived = agreement.required_fact(FactKind.ARCHIVED)
    data, state = ports.archive.read(archived.text("key")), ports.archive.state(archived.text("key"))
    assert state.lock_mode == "GOVERNANCE"
    assert state.retain_until == datetime(town.year + 14, 12, 31, 23, 59, 59, tzinfo=UTC) == archived.instant("retain_until")
    kept = [key for key in ports.archive.keys(f"agreements/{reference}/") if "-validation-" in key]
    assert {key.rsplit("-", 1)[0].rpartition("validation-")[2] for key in kept} == {"contreseing", "pyHanko"}
    report = ports.signing.validate(data, expected_signers(agreement))
    assert (report.valid, report.level, report.reasons) == (True, "B-LTA", ())
    assert [finding.field for finding in report.signatures] == ["Signature_Membre", "Signature_VP"]
    prepared = preparation_of(agreement)
    assert data.startswith(ports.working.get(prepared.sha256))
    assert sha256_hex(render_canonical(ports.documents.read_agreement_data(data))) == prepared.data_sha256

    with ports.registry.read() as tx:
        member = tx.member(agreement.member_id)
    orders = town.orders(member.siret)
    assert {order["body"]["order"]["service"] for order in orders} == {*services_on, *pending}
    assert all(order["id"] == order_key(prepared.sha256, order["body"]["order"]["service"], 1) for order in orders)
    assert len(orders) == 12

    received = {mail["subject"]: mail for mail in town.mails(member.representative_mail.address)}
    assert len(received) == 4
    files = {sha256_hex(town.attachment(mail)) for mail in received.values() if mail["attachments"]}
    assert files == {archived.text("sha256"), agreement.required_artefact(Stage.MEMBER_SIGNED).sha256}
    assert len(town.mails(str(member.second_mail))) == 1


def test_the_journal_holds_each_event_in_order_and_the_database_no_secret(town: Town) -> None:
    town.open()
    reference = town.invited()
    secrets = [town.read(town.address(reference), LINK)]
    town.sign(reference)
    secrets.append(town.read(town.address(reference), CODE))
    with town.ports.registry.read() as tx:
        count = len(tx.events(limit=1_000))
    assert town.ports.registry.sequence_events() == count
    with town.ports.registry.read() as tx:
        entries = tx.events(limit=1_000)
    assert [entry.index for entry in entries] == list(range(count))
    assert all(entry.leaf_sha256 == leaf_hash(entry.canonical).hex() for entry in entries)
    assert all(json.loads(entry.canonical)["type"] == entry.event.type for entry in entries)
    stored = everything_stored(town.ground.overrides["database_url"])
    assert reference in stored
    for secret in (secrets[0].split(".")[1], f"'{secrets[1]}'", f"'{secrets[1][:3]} {secrets[1][3:]}'"):
        assert secret not in stored


def test_a_return_makes_a_second_version_and_both_are_kept(town: Town) -> None:
    town.open()
    reference = town.invited()
    town.sign(reference)
    first = town.agreement(reference).required_artefact(Stage.MEMBER_SIGNED).sha256
    return_to_member.return_to_member(town.ports, town.at_desk(), reference, "Le référent a changé.")
    town.deliver()
    assert "Le référent a changé." in town.mails(town.address(reference))[0]["text"]
    with town.ports.registry.read() as tx:
        member = tx.member(tx.agreement(reference).member_id)
    values = {**form_of(member), "referent_telephone": "02 98 11 11 11"}
    assert correct_member.correct_member(town.ports, member.id, values, "agent").fields == ("referent",)
    assert redraft.redraft(town.ports, reference, "agent") == 2
    prepare.prepare(town.ports, reference)
    invite.invite(town.ports, reference)
    town.deliver()
    town.sign(reference)
    completed(town, reference)
    assert town.status(reference) is Status.ACTIVE
    check_agreement(town.ports, reference)
    check_folder_is_listed(town.ports, reference)
    kept = town.ports.archive.keys(f"agreements/{reference}/")
    assert [key for key in kept if key.endswith(f"-member_signed-{first}")]
    assert sum("-member_signed-" in key for key in kept) == 2
    assert sum("-sealed-" in key for key in kept) == 1


def test_a_file_with_one_bad_row_imports_nobody(town: Town) -> None:
    town.open()
    header, good, bad = town.member_file(slice(20, 22), {}).splitlines()
    with pytest.raises(InputRefused) as refused:
        import_members(town.ports, "\n".join([header, good, bad.replace(",epci,", ",syndicat,")]), town.programme_id, "agent")
    assert [(problem.line, problem.column) for problem in refused.value.problems] == [(3, "category")]
    with town.ports.registry.read() as tx:
        assert len(tx.members()) == 1
