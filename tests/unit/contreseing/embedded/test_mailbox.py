"""The mailbox's pages: what they show of hostile mails, where they lead, what their headers forbid."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from contreseing.embedded.kept_mails import KeptMails
from contreseing.embedded.mailbox import MAILS_ON_A_PAGE, mailbox_site, with_links

NOTICE = "Démonstration&nbsp;: courriels fictifs, rien n'a quitté cette machine"


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 23, 14, 4, 5, tzinfo=UTC)


@pytest.fixture
def mails(tmp_path: Path) -> KeptMails:
    return KeptMails(tmp_path, FixedClock())


@pytest.fixture
def site(mails: KeptMails) -> Starlette:
    return mailbox_site(mails, "127.0.0.1")


def get(site: Starlette, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://127.0.0.1:1") as client:
            return await client.get(path)

    return asyncio.run(ask())


def kept(
    mails: KeptMails, to: str, subject: str, text: str = "Bonjour.", html: str | None = None, files: tuple[tuple[str, bytes], ...] = ()
) -> str:
    message = EmailMessage()
    message["Subject"] = subject
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for filename, data in files:
        message.add_attachment(data, maintype="text", subtype="html", filename=filename)
    return mails.keep("a@b.invalid", [to], message.as_bytes().replace(b"\n", b"\r\n"))


def test_an_empty_mailbox_says_so(site: Starlette) -> None:
    answer = get(site, "/")
    assert answer.status_code == 200
    assert NOTICE in answer.text
    assert "Aucun courriel" in answer.text


def test_pages_follow_one_another_without_loss(mails: KeptMails, site: Starlette) -> None:
    ids = [kept(mails, f"c{rank}@d.invalid", f"n° {rank}") for rank in range(2 * MAILS_ON_A_PAGE + 1)]
    seen: list[str] = []
    path = "/"
    while path:
        page = get(site, path).text
        seen += [part.partition('"')[0] for part in page.split('href="/courriels/')[1:]]
        path = page.partition('class="more" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert seen == ids[::-1]


def test_a_search_keeps_the_addresses_that_hold_the_text(mails: KeptMails, site: Starlette) -> None:
    kept(mails, "Maelle@abers.invalid", "pour Maelle")
    kept(mails, "erwan@abers.invalid", "pour Erwan")
    page = get(site, "/?to=maelle").text
    assert "pour Maelle" in page
    assert "pour Erwan" not in page


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}"])
def test_nothing_of_a_mail_becomes_markup(mails: KeptMails, site: Starlette, hostile: str) -> None:
    mail_id = kept(mails, f"{hostile}@d.invalid", hostile, hostile, files=((f"{hostile}.html".replace("/", ""), b"<script>"),))
    for path in ("/", f"/courriels/{mail_id}", f"/?to={hostile}"):
        page = get(site, path).text
        assert hostile.replace("{{ 7*7 }}", "<49>") not in page
        assert page.count("<script") == page.count("<img") == 0


def test_a_mail_without_subject_text_or_html_is_shown(mails: KeptMails, site: Starlette) -> None:
    mail_id = mails.keep("", ["c@d.invalid"], b"Content-Type: application/pdf\r\n\r\n%PDF")
    page = get(site, f"/courriels/{mail_id}").text
    for words in ("(sans objet)", "(adresse vide)", "Ce courriel n'a pas de version en texte."):
        assert words in page
    assert "<iframe" not in page
    assert get(site, f"/courriels/{mail_id}/html").status_code == 404


def test_the_html_part_can_run_and_fetch_nothing(mails: KeptMails, site: Starlette) -> None:
    mail_id = kept(mails, "c@d.invalid", "x", html="<html><head><title>x</title></head><body><script>1</script></body></html>")
    answer = get(site, f"/courriels/{mail_id}/html")
    assert '<head><base target="_top"><title>' in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert 'sandbox="allow-top-navigation-by-user-activation"' in get(site, f"/courriels/{mail_id}").text


def test_a_joined_page_is_saved_never_shown(mails: KeptMails, site: Starlette) -> None:
    mail_id = kept(mails, "c@d.invalid", "x", files=(('é "1".html', b"<script>"),))
    answer = get(site, f"/courriels/{mail_id}/pieces/1")
    assert answer.content == b"<script>"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%A9%20%221%22.html"
    assert (answer.headers["x-content-type-options"], answer.headers["content-security-policy"]) == ("nosniff", "sandbox")
    for rank in ("0", "2", "x"):
        assert get(site, f"/courriels/{mail_id}/pieces/{rank}").status_code == 404


@pytest.mark.parametrize("path", ["/courriels/none", "/courriels/none/html", "/courriels/none/pieces/1", "/elsewhere"])
def test_an_unknown_page_is_told_and_marked(site: Starlette, path: str) -> None:
    answer = get(site, path)
    assert answer.status_code == 404
    assert NOTICE in answer.text


def test_every_answer_stays_private(mails: KeptMails, site: Starlette) -> None:
    mail_id = kept(mails, "c@d.invalid", "x", html="<p>x")
    for path in (
        "/",
        f"/courriels/{mail_id}",
        f"/courriels/{mail_id}/html",
        "/mailbox.css",
        "/api/messages",
        f"/api/messages/{mail_id}",
        "/health",
        "/none",
    ):
        headers = get(site, path).headers
        assert (headers["referrer-policy"], headers["cache-control"], headers["x-content-type-options"]) == (
            "no-referrer",
            "no-store",
            "nosniff",
        ), path


def test_the_api_answers_in_json_even_to_errors(site: Starlette) -> None:
    assert get(site, "/api/messages/none").json() == {"error": "not found"}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("voir https://a.invalid/x?y=1&z=2.", 'voir <a href="https://a.invalid/x?y=1&amp;z=2">https://a.invalid/x?y=1&amp;z=2</a>.'),
        ("(http://127.0.0.1:8410/s/a.b-c_d)", '(<a href="http://127.0.0.1:8410/s/a.b-c_d">http://127.0.0.1:8410/s/a.b-c_d</a>)'),
        ('https://a.invalid/"><script>', '<a href="https://a.invalid/">https://a.invalid/</a>&#34;&gt;&lt;script&gt;'),
        ("javascript:alert(1) ftp://a.invalid <b>", "javascript:alert(1) ftp://a.invalid &lt;b&gt;"),
    ],
)
def test_addresses_in_a_text_become_links_and_the_rest_is_escaped(text: str, html: str) -> None:
    assert str(with_links(text)) == html
