"""A page as a person without script meets it: its title, its links, its forms to fill and send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

from conventions.errors import VerificationFailed

TYPED = frozenset({"hidden", "text", "password", "email", "tel", "date", "number", "search"})
TICKED = frozenset({"checkbox", "radio"})


@dataclass
class Choice:
    """A box or an option: what it would send, and whether it is chosen."""

    value: str
    is_chosen: bool


@dataclass
class Form:
    """A form: where it goes, what stands in its fields, the boxes and buttons it has (by name, or by label)."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, list[Choice]] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)

    def filled(self, values: Mapping[str, str], tick: tuple[str, ...] = (), press: str | None = None) -> dict[str, str]:
        """Return what is sent once these fields are typed, these boxes ticked and this button (by value or label) pressed.

        Raises:
            VerificationFailed: the form lacks a field, a box or a button.
        """
        sent = dict(self.fields)
        for name, choices in self.boxes.items():
            chosen = next((choice for choice in choices if choice.is_chosen), None)
            if chosen is not None:
                sent[name] = chosen.value
        for name, value in values.items():
            if name not in sent and name not in self.boxes:
                raise _unexpected(f"form {self.action} has no field {name}")
            sent[name] = value
        for name in tick:
            if name not in self.boxes:
                raise _unexpected(f"form {self.action} has no box {name}")
            sent[name] = self.boxes[name][0].value
        if press is not None:
            button = next((b for b in self.buttons if press in {b[1], b[2]}), None)
            if button is None:
                raise _unexpected(f"form {self.action} has no button {press}")
            if button[0]:
                sent[button[0]] = button[1]
        return sent


@dataclass
class Page:
    """What a page shows."""

    path: str
    status: int
    title: str
    forms: list[Form]
    links: list[str]
    pictures: list[str]

    def form(self, action: str) -> Form:
        """Return the form that goes to a path.

        Raises:
            VerificationFailed: the page has none.
        """
        for form in self.forms:
            if form.action == action:
                return form
        raise _unexpected(f"page {self.route} ({self.status}, « {self.title} ») has no form for {_route(action)}")

    @property
    def route(self) -> str:
        """The path without what identifies a person."""
        return _route(self.path)


def parse_page(path: str, status: int, html: str) -> Page:
    """Read a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Page(path, status, " ".join("".join(reader.title).split()), reader.forms, reader.links, reader.pictures)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.title: list[str] = []
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.pictures: list[str] = []
        self._open: Form | None = None
        self._select: str | None = None
        self._button: tuple[str, str, list[str]] | None = None
        self._is_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "title":
            self._is_title = True
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "img" and given.get("loading") != "lazy":
            self.pictures.append(given.get("src", ""))
        elif tag == "form":
            self._open = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None:
            self._field(self._open, tag, given, {name for name, _ in attrs})

    def _field(self, form: Form, tag: str, given: dict[str, str], present: set[str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text").lower()
        if tag == "input" and kind in TICKED:
            form.boxes.setdefault(name, []).append(Choice(given.get("value", "on"), "checked" in present))
        elif (tag == "input" and kind in TYPED) or tag == "textarea":
            form.fields[name] = given.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select is not None:
            if self._select not in form.fields or "selected" in present:
                form.fields[self._select] = given.get("value", "")
        elif tag == "button" and given.get("type", "submit") == "submit":
            self._button = (name, given.get("value", ""), [])

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._is_title = False
        elif tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "button" and self._button is not None and self._open is not None:
            name, value, label = self._button
            self._open.buttons.append((name, value, " ".join("".join(label).split())))
            self._button = None

    def handle_data(self, data: str) -> None:
        if self._is_title:
            self.title.append(data)
        if self._button is not None:
            self._button[2].append(data)


def _route(path: str) -> str:
    return "/s/…" if path.startswith("/s/") else path


def _unexpected(message: str) -> VerificationFailed:
    return VerificationFailed(message, code="demonstration.unexpected")
