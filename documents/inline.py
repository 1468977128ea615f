"""Text within a line of a wording: ``**strong**``, ``*italic*``, ``[text](address)``, ``{{field}}``, ``\\`` before a sign."""

from __future__ import annotations

import re
from collections.abc import Callable

from documents.blocks import Emphasis
from documents.french import set_french_spaces
from documents.wording_templates import FieldUse, Literal, Text

FIELD = re.compile(r"\{\{\s*([a-z0-9_.]+)\s*\}\}")
_TOKEN = re.compile(r"\\(?P<escaped>[\\*\[\]{}|`])|(?P<field>\{\{\s*[a-z0-9_.]+\s*\}\})|(?P<strong>\*\*)|(?P<italic>\*)|(?P<link>\[(?P<label>[^\]]*)\]\((?P<address>[^)\s]*)\))")

Complain = Callable[[str], Exception]


def parse_inline(source: str, line: int, complain: Complain) -> Text:
    """Parse one paragraph's text.

    ``complain`` makes the error to raise from a sentence.
    """
    return _parse(source, line, complain, None)


def _parse(source: str, line: int, complain: Complain, link: str | None) -> Text:
    pieces: list[Literal | FieldUse] = []
    emphasis = Emphasis.NONE
    pending = ""
    position = 0

    def flush() -> None:
        nonlocal pending
        if pending:
            pieces.append(Literal(pending, line, emphasis, link))
            pending = ""

    for token in _TOKEN.finditer(source):
        pending += _plain(source[position : token.start()], complain)
        position = token.end()
        if token["escaped"]:
            pending += token["escaped"]
        elif token["field"]:
            flush()
            name = FIELD.fullmatch(token["field"])
            assert name is not None
            pieces.append(FieldUse(name[1], line, emphasis, link))
        elif token["link"]:
            if link is not None:
                raise complain("un lien contient un autre lien")
            if not token["label"] or not token["address"]:
                raise complain("lien sans texte ou sans adresse")
            flush()
            pieces += [piece if emphasis is Emphasis.NONE else _with_emphasis(piece, emphasis) for piece in _parse(token["label"], line, complain, token["address"])]
        else:
            wanted = Emphasis.STRONG if token["strong"] else Emphasis.ITALIC
            flush()
            if emphasis is Emphasis.NONE:
                emphasis = wanted
            elif emphasis is wanted:
                emphasis = Emphasis.NONE
            else:
                raise complain("gras et italique emboîtés")
    pending += _plain(source[position:], complain)
    flush()
    if emphasis is not Emphasis.NONE:
        raise complain("gras ou italique non refermé")
    return _set_spaces(tuple(pieces))


def _with_emphasis(piece: Literal | FieldUse, emphasis: Emphasis) -> Literal | FieldUse:
    if isinstance(piece, Literal):
        return Literal(piece.text, piece.line, emphasis, piece.link)
    return FieldUse(piece.name, piece.line, emphasis, piece.link)


def _plain(text: str, complain: Complain) -> str:
    for sign, meaning in (("{{", "champ non refermé"), ("}}", "champ non ouvert"), ("](", "lien mal formé"), ("`", "accent grave isolé")):
        if sign in text:
            raise complain(f"{meaning} : « {sign} »")
    return text


def _set_spaces(pieces: Text) -> Text:
    """Set no-break spaces across pieces: a field stands as a letter, so that a sign after it keeps to it."""
    stand_in = "\ue000"
    joined = "".join(piece.text if isinstance(piece, Literal) else stand_in for piece in pieces)
    spaced = set_french_spaces(joined)
    result: list[Literal | FieldUse] = []
    position = 0
    for piece in pieces:
        if isinstance(piece, Literal):
            end = position + len(piece.text)
            result.append(Literal(spaced[position:end], piece.line, piece.emphasis, piece.link))
        else:
            end = position + 1
            result.append(piece)
        position = end
    return tuple(result)
