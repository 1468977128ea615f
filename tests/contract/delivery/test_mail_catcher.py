"""The mail catcher as a process: mails by SMTP, the JSON of the demonstration, kills."""

from __future__ import annotations

import resource
import smtplib
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from conventions.errors import UpstreamUnavailable
from conventions.outgoing import Template
from conventions.ports.delivery import Attachment
from delivery.notices import message_id
from tests.contract.delivery.parts import READY_WITHIN_S, RunningCatcher, mail_catcher_in, mailer_to, run_part
from tests.unit.delivery.examples import VALUES, example_notice

ADDRESS = "maelle.legoff@abers-fictifs.invalid"


def test_the_list_of_an_address_is_newest_first(mail_catcher: RunningCatcher) -> None:
    to = "newest@abers-fictifs.invalid"
    for template in (Template.INVITATION, Template.CODE):
        mailer_to(mail_catcher).send(example_notice(template, to=to, demonstration=True))
    code, invitation = mail_catcher.get(f"/api/messages?to={to.upper()}")
    assert set(code) == {"id", "to", "subject", "at", "text"}
    assert (code["to"], invitation["to"]) == (to, to)
    assert invitation["subject"] == "[Démonstration] Convention Ker Niverel n° 2026-0014 : à signer au plus tard le 15 janvier 2027"
    assert VALUES["code"] in code["text"]
    assert VALUES["link"] in invitation["text"].split()
    assert code["at"] > invitation["at"]
    assert code["id"] > invitation["id"]


def test_one_mail_is_given_whole(mail_catcher: RunningCatcher) -> None:
    to = "whole@abers-fictifs.invalid"
    pdf = Attachment("Convention signée n° 1.pdf", "application/pdf", b"%PDF-1.7\n" + bytes(range(256)))
    mailer_to(mail_catcher).send(example_notice(Template.MEMBER_RECEIPT, id="row-9", to=to, attachments=(pdf,)))
    [mail] = mail_catcher.messages_to(to)
    assert (mail["from"], mail["message_id"]) == ("conventions@ker-niverel.invalid", message_id("row-9", "conventions@ker-niverel.invalid"))
    assert mail["html"].startswith("<!DOCTYPE html>")
    [file] = mail["attachments"]
    assert (file["filename"], file["media_type"], file["size_bytes"]) == (pdf.filename, pdf.media_type, len(pdf.data))
    answer = httpx.get(mail_catcher.address + file["href"], trust_env=False)
    assert (answer.content, answer.headers["content-type"]) == (pdf.data, "application/pdf")
    assert answer.headers["content-disposition"].startswith("attachment;")


def test_sixty_mails_at_once_are_all_kept(mail_catcher: RunningCatcher) -> None:
    mailer = mailer_to(mail_catcher)
    addresses = [f"crowd-{rank}@abers-fictifs.invalid" for rank in range(60)]
    with ThreadPoolExecutor(12) as senders:
        list(senders.map(lambda address: mailer.send(example_notice(to=address)), addresses))
    assert [len(mail_catcher.get(f"/api/messages?to={address}")) for address in addresses] == [1] * 60


def test_a_mail_answered_outlives_a_kill_and_a_half_written_one_is_gone(tmp_path: Path) -> None:
    catcher = mail_catcher_in(tmp_path).start()
    mailer_to(catcher).send(example_notice())
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port) as server:
        server.ehlo()
        server.mail("a@b.invalid")
        server.rcpt("half@abers-fictifs.invalid")
        server.docmd("DATA")
        server.send(b"Subject: half\r\n\r\nhal")
        catcher.kill()
        server.close()
    (tmp_path / "01795446482217875968-64f20e97.part").write_bytes(b"Return-Path: <a@b.invalid>\r\nDeliv")
    catcher.start()
    assert [mail["to"] for mail in catcher.get("/api/messages")] == [ADDRESS]
    assert list(tmp_path.glob("*.part")) == []
    mailer_to(catcher).send(example_notice(Template.CODE))
    assert [VALUES["code"] in mail["text"] for mail in catcher.messages_to(ADDRESS)] == [False, True]
    assert catcher.stop() == (0, "")


def test_a_mail_that_the_disk_refuses_may_be_sent_again(tmp_path: Path) -> None:
    catcher = mail_catcher_in(tmp_path).start()
    _, most = resource.prlimit(catcher.process.pid, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    with pytest.raises(UpstreamUnavailable):
        mailer_to(catcher).send(example_notice())
    resource.prlimit(catcher.process.pid, resource.RLIMIT_FSIZE, (most, most))
    assert catcher.get("/api/messages") == []
    mailer_to(catcher).send(example_notice())
    assert len(catcher.get("/api/messages")) == 1
    assert catcher.stop() == (0, "contreseing.mail_catcher ERROR mail not kept: File too large\n")


def test_every_recipient_of_a_mail_finds_it(mail_catcher: RunningCatcher) -> None:
    with smtplib.SMTP("127.0.0.1", mail_catcher.smtp_port) as server:
        server.sendmail("a@b.invalid", ["one@c.invalid", "two@c.invalid"], b"Subject: two\r\nDelivered-To: spoof@c.invalid\r\n\r\nhello")
    [mail] = mail_catcher.messages_to("two@c.invalid")
    assert (mail["to"], mail["text"], mail["html"]) == ("one@c.invalid, two@c.invalid", "hello\n", None)
    assert mail_catcher.messages_to("spoof@c.invalid") == []


@pytest.mark.parametrize("path", ["/api/messages/01795446482217875968-64f20e97", "/api/messages/..", "/api/messages/%2e%2e%2fsecrets"])
def test_an_unknown_mail_is_not_found(mail_catcher: RunningCatcher, path: str) -> None:
    assert httpx.get(mail_catcher.address + path, trust_env=False).status_code == 404


def test_a_page_of_another_site_cannot_read_the_mails(mail_catcher: RunningCatcher) -> None:
    for path in ("/", "/api/messages"):
        assert httpx.get(mail_catcher.address + path, headers={"host": "elsewhere.invalid"}, trust_env=False).status_code == 400


def test_a_port_taken_is_named(mail_catcher: RunningCatcher, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = run_part("mail_catcher", "--smtp-port", str(port), "--http-port", "1", "--dir", str(tmp_path))
        output, _ = process.communicate(timeout=READY_WITHIN_S)
    assert (process.returncode, output) == (2, f"mail_catcher: port {port} of 127.0.0.1 is taken by another program\n")


def test_it_stops_at_once_with_a_client_connected(tmp_path: Path) -> None:
    catcher = mail_catcher_in(tmp_path).start()
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port) as server:
        server.ehlo()
        assert catcher.stop() == (0, "")
        server.close()
