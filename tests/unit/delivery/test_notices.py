"""Notices rendered as mails: exact values, equal parts, no injection, the marks of a demonstration."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern_policy
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader, meta

from conventions.errors import ConfigurationError, InputRefused
from conventions.outgoing import Template
from conventions.ports.delivery import Attachment, Notice
from delivery import notices
from delivery.notices import (
    DEMONSTRATION_PREFIX,
    FILTERS,
    LAYOUT_NAMES,
    MAY_BE_EMPTY,
    SEVERAL_LINES,
    TEMPLATES_FOLDER,
    VALUES_OF,
    Letterhead,
    NoticeRenderer,
    message_id,
)
from tests.unit.delivery.examples import VALUES, example_notice, example_values

SENT_AT = datetime(2026, 11, 23, 14, 4, 5, tzinfo=UTC)
LETTERHEAD = Letterhead("conventions@ker-niverel.invalid", "agents@ker-niverel.invalid", "Conventions de Ker Niverel", "02 99 00 00 99")
RENDERER = NoticeRenderer(LETTERHEAD)
MAILS = [template for template in Template if template is not Template.ORDER]


def rendered(notice: Notice) -> EmailMessage:
    return message_from_bytes(RENDERER.render(notice, SENT_AT), policy=modern_policy)


def body_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


class Reading(HTMLParser):
    """What a reader meets in a page: its text, its tags, its attributes, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self._texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] != "style":
            self._texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._texts).split())


def test_every_mail_of_the_outbox_has_its_values_declared() -> None:
    assert list(VALUES_OF) == MAILS


@pytest.mark.parametrize("template", MAILS)
def test_the_templates_use_exactly_the_declared_values(template: Template) -> None:
    environment = Environment(loader=FileSystemLoader(TEMPLATES_FOLDER), autoescape=True)
    environment.filters.update(FILTERS)
    imported = {"parts"}
    for part in ("txt", "html"):
        used: set[str] = set()
        for name in (f"{template}.{part}", f"{template}.subject.txt", f"layout.{part}"):
            used |= meta.find_undeclared_variables(environment.parse((TEMPLATES_FOLDER / name).read_text(encoding="utf-8")))
        assert used - LAYOUT_NAMES - imported == VALUES_OF[template], part


@pytest.mark.parametrize("template", MAILS)
def test_both_parts_say_every_value(template: Template) -> None:
    message = rendered(example_notice(template))
    text, page = " ".join(body_of(message, "plain").split()), Reading(body_of(message, "html")).text
    for key, value in example_values(template).items():
        for line in value.splitlines():
            assert line in text, key
            assert line in page, key


@pytest.mark.parametrize("template", MAILS)
def test_the_html_part_is_accessible_and_fetches_nothing(template: Template) -> None:
    reading = Reading(body_of(rendered(example_notice(template)), "html"))
    assert ("html", "lang", "fr") in reading.attributes
    assert reading.tags.count("h1") == 1
    assert reading.tags.count("title") == 1
    assert not {"img", "script", "link", "iframe", "object", "embed", "form", "table"} & set(reading.tags)
    assert not {name for _, name, _ in reading.attributes} & {"src", "srcset", "background", "style", "target"}
    assert {value for _, name, value in reading.attributes if name == "href"} <= {VALUES["link"]}
    page = body_of(rendered(example_notice(template)), "html")
    assert "url(" not in page
    assert "@import" not in page


@pytest.mark.parametrize("template", MAILS)
def test_french_punctuation_never_begins_a_line(template: Template) -> None:
    message = rendered(example_notice(template, values=dict.fromkeys(VALUES_OF[template], "x") | _link(template)))
    for kind in ("plain", "html"):
        said = re.sub(r"<style>.*?</style>", "", body_of(message, kind), flags=re.DOTALL)
        said = re.sub(r"<title>.*?</title>|<[^>]*>", "", said)
        assert re.findall(r".{0,20} [:;!?»]|« ", said) == []


def test_the_invitation_says_who_what_and_how_much_at_once() -> None:
    message = rendered(example_notice())
    assert message["Subject"] == "Convention Ker Niverel n° 2026-0014 : à signer au plus tard le 15 janvier 2027"
    first = body_of(message, "plain").splitlines()[0]
    for key in ("greeting", "syndicate", "organisation", "title", "amount"):
        assert VALUES[key] in first
    assert "Vous pouvez vérifier ce message en appelant le 02 99 00 00 00." in body_of(message, "plain")


def test_the_code_comes_early_in_the_body_and_never_in_the_subject() -> None:
    message = rendered(example_notice(Template.CODE))
    assert body_of(message, "plain").splitlines()[0].endswith("123 456")
    assert "123" not in message["Subject"]
    assert "123" not in str(message["Message-ID"])


def test_headers_say_who_writes_and_that_a_machine_does() -> None:
    message = rendered(example_notice(id="row-7"))
    assert str(message["From"]) == "Conventions de Ker Niverel <conventions@ker-niverel.invalid>"
    assert str(message["Reply-To"]) == "agents@ker-niverel.invalid"
    assert str(message["To"]) == "maelle.legoff@abers-fictifs.invalid"
    assert message["Date"].datetime == SENT_AT
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "fr"
    assert message["Message-ID"] == message_id("row-7", "conventions@ker-niverel.invalid")
    assert message["Message-ID"] != message_id("row-8", "conventions@ker-niverel.invalid")


def test_the_message_is_ascii_with_whole_short_lines() -> None:
    attachment = Attachment("Convention signée.pdf", "application/pdf", bytes(range(256)) * 40)
    raw = RENDERER.render(example_notice(attachments=(attachment,)), SENT_AT)
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998  # RFC 5322, 2.1.1


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=3))
def test_attachments_arrive_byte_for_byte(files: list[bytes]) -> None:
    attachments = tuple(Attachment(f"pièce n° {rank}.pdf", "application/pdf", data) for rank, data in enumerate(files))
    message = rendered(example_notice(Template.COSIGNED_COPY, attachments=attachments))
    assert message.get_content_type() == "multipart/mixed"
    found = [(part.get_filename(), part.get_content_type(), part.get_payload(decode=True)) for part in message.iter_attachments()]
    assert found == [(attachment.filename, attachment.media_type, attachment.data) for attachment in attachments]


def test_twice_the_same_file_is_twice_joined() -> None:
    attachments = (Attachment("a.pdf", "application/pdf", b"same"),) * 2
    message = rendered(example_notice(Template.COSIGNED_COPY, attachments=attachments))
    assert [part.get_payload(decode=True) for part in message.iter_attachments()] == [b"same", b"same"]


@pytest.mark.parametrize("template", MAILS)
def test_a_demonstration_is_marked_in_subject_and_in_both_parts(template: Template) -> None:
    message = rendered(example_notice(template, demonstration=True))
    assert message["Subject"].startswith(DEMONSTRATION_PREFIX)
    for kind in ("plain", "html"):
        assert "tout est fictif" in body_of(message, kind)
    real = rendered(example_notice(template))
    assert "fictif dans ce message" not in body_of(real, "plain") + body_of(real, "html")
    assert "Démonstration" not in real["Subject"]


@pytest.mark.parametrize(("key", "word"), [("services", "Services ouverts"), ("pending", "Services en attente")])
def test_an_empty_list_of_services_is_left_out(key: str, word: str) -> None:
    copy = rendered(example_notice(Template.COSIGNED_COPY, values=example_values(Template.COSIGNED_COPY, **{key: ""})))
    whole = rendered(example_notice(Template.COSIGNED_COPY))
    for kind in ("plain", "html"):
        assert word not in body_of(copy, kind)
        assert word in body_of(whole, kind)


def test_a_code_sent_again_is_no_duplicate_and_any_other_mail_is() -> None:
    for template in MAILS:
        notice = example_notice(template)
        first, again = (RENDERER.render(notice, SENT_AT + timedelta(seconds=seconds)) for seconds in (0, 5))
        ids = {message_from_bytes(raw, policy=modern_policy)["Message-ID"] for raw in (first, again)}
        assert len(ids) == (2 if template is Template.CODE else 1)


def test_a_refusal_without_reason_says_so() -> None:
    declined = rendered(example_notice(Template.DECLINED, values=example_values(Template.DECLINED, reason=" ")))
    for kind in ("plain", "html"):
        assert "Aucun motif n’a été donné." in body_of(declined, kind)


@pytest.mark.parametrize("template", MAILS)
def test_a_missing_or_unknown_value_is_refused_by_name(template: Template) -> None:
    values = example_values(template)
    with pytest.raises(InputRefused, match=r"unknown \['colour'\]") as unknown:
        RENDERER.render(example_notice(template, values=values | {"colour": "bleu"}), SENT_AT)
    assert unknown.value.code == "mail.notice_refused"
    for key in values:
        fewer = {name: value for name, value in values.items() if name != key}
        with pytest.raises(InputRefused, match=rf"missing \['{key}'\]"):
            RENDERER.render(example_notice(template, values=fewer), SENT_AT)


@pytest.mark.parametrize(("template", "key"), [(template, key) for template in MAILS for key in sorted(VALUES_OF[template])])
def test_an_empty_value_is_refused_unless_it_may_be(template: Template, key: str) -> None:
    notice = example_notice(template, values=example_values(template, **{key: " "}))
    if (template, key) in MAY_BE_EMPTY:
        assert RENDERER.render(notice, SENT_AT)
    else:
        with pytest.raises(InputRefused, match="empty"):
            RENDERER.render(notice, SENT_AT)


def test_a_value_without_end_is_refused() -> None:
    with pytest.raises(InputRefused, match="longer than 10000"):
        RENDERER.render(example_notice(Template.RETURNED, values=example_values(Template.RETURNED, reason="x" * 10_001)), SENT_AT)


@pytest.mark.parametrize("template", MAILS)
def test_every_mail_ends_with_who_writes_and_how_to_reach_them(template: Template) -> None:
    message = rendered(example_notice(template))
    for kind in ("plain", "html"):
        assert "Conventions de Ker Niverel, téléphone 02 99 00 00 99" in body_of(message, kind)


def test_an_order_is_no_mail() -> None:
    with pytest.raises(InputRefused, match="order is not a mail"):
        RENDERER.render(Notice("n-1", Template.ORDER, "a@b.invalid", {}), SENT_AT)


def test_a_value_that_is_no_text_is_refused() -> None:
    values: dict[str, object] = {**example_values(Template.CODE), "minutes": 10}
    with pytest.raises(InputRefused, match="text expected, got a int"):
        RENDERER.render(example_notice(Template.CODE, values=values), SENT_AT)


@pytest.mark.parametrize(
    "sign", ["\r\n", "\n", "\r", "\x00", "\x0b", "\x85", "\u2028", "\u2029", "\u202e", "\ud800", "\x7f", "=?utf-8?q?=0D=0A?="]
)
@pytest.mark.parametrize("key", ["title", "deadline", "organisation"])
def test_a_line_break_or_control_in_a_value_is_refused_without_being_shown(key: str, sign: str) -> None:
    values = example_values(Template.INVITATION, **{key: f"x{sign}Bcc: thief@elsewhere.invalid"})
    with pytest.raises(InputRefused) as refusal:
        RENDERER.render(example_notice(values=values), SENT_AT)
    assert "thief" not in str(refusal.value)


@pytest.mark.parametrize("key", sorted(SEVERAL_LINES))
def test_what_a_person_typed_over_several_lines_is_shown_as_well_as_can_be(key: str) -> None:
    template = next(template for template in MAILS if key in VALUES_OF[template])
    message = rendered(example_notice(template, values=example_values(template, **{key: "un\r\ndeux\x00\u202e\ttrois\rquatre\ud800"})))
    for kind in ("plain", "html"):
        body = re.sub("^- |</?li>", "", body_of(message, kind), flags=re.MULTILINE)
        assert "un\ndeux\ufffd\ufffd trois\nquatre\ufffd" in body


@given(st.sampled_from(MAILS), st.data())
def test_no_value_adds_a_header_a_part_or_a_tag(template: Template, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(VALUES_OF[template] - {"link"})))
    value = data.draw(
        st.one_of(
            st.text(min_size=1, max_size=60),
            st.sampled_from(["=?utf-8?q?=0D=0ABcc=3A_x=40y?=", "<script>alert(1)</script>", '"><img src=x>', "{{ 7*7 }}"]),
        )
    )
    usual = rendered(example_notice(template))
    try:
        message = rendered(example_notice(template, values=example_values(template, **{key: value})))
    except InputRefused:
        return
    assert message.keys() == usual.keys()
    assert [part.get_content_type() for part in message.walk()] == [part.get_content_type() for part in usual.walk()]
    tags = set(Reading(body_of(message, "html")).tags)
    assert tags <= {*Reading(body_of(usual, "html")).tags, "p"}
    assert message.defects == []


@pytest.mark.parametrize(
    "address",
    [
        "a@b.invalid\r\nBcc: x@y.invalid",
        "a@b.invalid, x@y.invalid",
        "A <a@b.invalid>",
        "a@b",
        "",
        "é@b.invalid",
        "a..b@c.invalid",
        ".a@b.invalid",
        "a\\b@c.invalid",
        "a[b@c.invalid",
        "=?utf-8?q?a?=@b.invalid",
        "a\x00@b.invalid",
        "a@b.invalid\n",
    ],
)
def test_anything_but_one_address_is_refused(address: str) -> None:
    with pytest.raises(InputRefused) as refusal:
        RENDERER.render(example_notice(to=address), SENT_AT)
    assert refusal.value.code == "mail.address_refused"


@given(st.text(st.characters(codec="utf-8", max_codepoint=0x2FF), max_size=20))
def test_any_address_is_one_mail_to_it_or_refused(local: str) -> None:
    notice = example_notice(to=f"{local}@abers-fictifs.invalid")
    with suppress(InputRefused):
        message = rendered(notice)
        assert [address.addr_spec for address in message["To"].addresses] == [notice.to]


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "https://a.invalid/ x", "ftp://a.invalid", "//a.invalid", "https://a.invalid/é", 'https://a.invalid/"\u00a0'],
)
def test_a_link_is_an_http_address_or_refused(link: str) -> None:
    with pytest.raises(InputRefused, match="link"):
        RENDERER.render(example_notice(values=example_values(Template.INVITATION, link=link)), SENT_AT)


@pytest.mark.parametrize(
    ("filename", "media_type"),
    [
        ("a\r\nX: y.pdf", "application/pdf"),
        ("../a.pdf", "application/pdf"),
        ("", "application/pdf"),
        ('a".pdf', "application/pdf"),
        ("a.pdf", "application/pdf\r\nX: y"),
        ("a.pdf", "pdf"),
        ("a.pdf", "Application/PDF; x=y"),
    ],
)
def test_an_attachment_with_a_crooked_name_or_type_is_refused(filename: str, media_type: str) -> None:
    notice = example_notice(Template.MEMBER_RECEIPT, attachments=(Attachment(filename, media_type, b"%PDF"),))
    with pytest.raises(InputRefused) as refusal:
        RENDERER.render(notice, SENT_AT)
    assert refusal.value.code == "mail.notice_refused"


@pytest.mark.parametrize(
    "fields",
    [
        ("not an address", "a@b.invalid", "Site", "02"),
        ("a@b.invalid", "a@b.invalid\n", "Site", "02"),
        ("a@b.invalid", "a@b.invalid", "Site\r\nBcc: x", "02"),
        ("a@b.invalid", "a@b.invalid", "Site", ""),
    ],
)
def test_a_letterhead_that_cannot_stand_in_headers_stops_the_start(fields: tuple[str, str, str, str]) -> None:
    with pytest.raises(ConfigurationError):
        Letterhead(*fields)


@pytest.mark.parametrize("whole", [b"From: a\r\nBcc: b\r\n\r\n", b"From: a\rBcc: b\r\n\r\n", b"From: a\nBcc: b\r\n\r\n", b"\r\n\r\n"])
def test_headers_other_than_ours_stop_a_mail(whole: bytes) -> None:
    with pytest.raises(InputRefused):
        notices._verify_headers(whole, ["From"])


def _link(template: Template) -> dict[str, str]:
    return {"link": VALUES["link"]} if "link" in VALUES_OF[template] else {}
