from __future__ import annotations

import pytest

from contreseing.demonstration.pages import parse_page
from conventions.errors import VerificationFailed

HTML = """<!DOCTYPE html><html><head><title> Votre
 décision </title></head><body>
<a href="/convention/partie/1">lire</a> <img src="/a.png"><img src="/b.png" loading="lazy">
<form method="post" action="/convention/decision">
 <input type="hidden" name="jeton" value="t1">
 <input type="checkbox" id="accepte" name="accepte" value="oui">
 <input type="radio" name="choix" value="a"><input type="radio" name="choix" value="b" checked>
 <select name="programme"><option value="p1">Un</option><option value="p2" selected>Deux</option></select>
 <select name="nature"><option value="n1">Un</option><option value="n2">Deux</option></select>
 <input name="code"><textarea name="motif"></textarea>
 <input type="submit" value="x">
 <button type="submit" name="reponse" value="oui" class="primary">Oui,
   continuer</button><button type="submit" name="reponse" value="non">Ce n’est pas moi</button>
 <button type="button" name="nope" value="1">Rien</button>
</form>
<form action="/recherche"><input type="search" name="q" value=""></form>
</body></html>"""


def test_a_page_shows_its_title_links_and_the_pictures_that_a_browser_fetches_at_once() -> None:
    page = parse_page("/convention/decision", 200, HTML)
    assert page.title == "Votre décision"
    assert page.links == ["/convention/partie/1"]
    assert page.pictures == ["/a.png"]


def test_a_form_sends_what_stands_in_it_what_is_typed_ticked_and_pressed() -> None:
    form = parse_page("/x", 200, HTML).form("/convention/decision")
    assert form.method == "post"
    untouched = {"jeton": "t1", "choix": "b", "programme": "p2", "nature": "n1", "code": "", "motif": ""}
    assert form.filled({}) == untouched
    assert form.filled({"code": "123456"}, ("accepte",), "oui") == untouched | {"code": "123456", "accepte": "oui", "reponse": "oui"}
    assert form.filled({}, press="Ce n’est pas moi")["reponse"] == "non"


def test_a_get_form_is_a_get() -> None:
    assert parse_page("/x", 200, HTML).form("/recherche").method == "get"


@pytest.mark.parametrize(
    ("values", "tick", "press", "said"),
    [({"lien": "x"}, (), None, "field lien"), ({}, ("lu",), None, "box lu"), ({}, (), "Rien", "button Rien")],
)
def test_what_the_form_lacks_is_refused(values: dict[str, str], tick: tuple[str, ...], press: str | None, said: str) -> None:
    form = parse_page("/x", 200, HTML).form("/convention/decision")
    with pytest.raises(VerificationFailed, match=said):
        form.filled(values, tick, press)


def test_a_missing_form_names_the_page_without_its_link() -> None:
    page = parse_page("/s/secret-of-somebody", 410, "<title>Lien expiré</title>")
    with pytest.raises(VerificationFailed) as refused:
        page.form("/s/secret-of-somebody")
    assert "secret" not in str(refused.value)
    assert "Lien expiré" in str(refused.value)
