r"""Text within a line of a wording: ``**strong**``, ``*italic*``, ``[text](address)``, ``{{field}}``, ``\`` before a sign."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from conventions.errors import InputRefused
from documents.blocks import Emphasis, Run, Runs
from documents.fonts import writable_text
from documents.french import set_french_spaces
from documents.wording_templates import FieldText, FieldUse, Text

FIELD = re.compile(r"\{\{\s*([a-z0-9_.]+)\s*\}\}")
LINK_SCHEMES = ("https://", "http://", "mailto:")
_TOKEN = re.compile(
    r"\\(?P<escaped>[\\*\[\]{}|`])"
    r"|\{\{\s*(?P<field>[a-z0-9_.]+)\s*\}\}"
    r"|(?P<strong>\*\*)"
    r"|(?P<italic>\*)"
    r"|(?P<link>\[(?P<label>[^\]]*)\]\((?P<address>[^)\s]*)\))"
)
_STRAY_SIGNS = (("{{", "champ non refermé"), ("}}", "champ non ouvert"), ("](", "lien mal formé"), ("`", "accent grave isolé"))
_STAND_IN = "\ue000"

Complain = Callable[[str], Exception]
Pieces = list[Run | FieldUse]


def parse_inline(source: str, line: int, complain: Complain) -> Text:
    """Parse one paragraph's text; ``complain`` makes the error to raise from a French sentence."""
    pieces = _with_french_spaces(_Inline(complain).parse(source))
    try:
        for piece in pieces:
            if isinstance(piece, Run):
                writable_text(piece.text, "texte")
    except InputRefused as error:
        raise complain(f"caractère absent des polices : {error.details['code_point']} ({error.details['character']})") from error
    if any(isinstance(piece, FieldUse) or "{{" in (piece.link or "") for piece in pieces):
        return FieldText(line, tuple(pieces))
    return Runs(piece for piece in pieces if isinstance(piece, Run))


class _Inline:
    """Parses one text; ``link`` is the address that the text leads to, where it is a link's."""

    def __init__(self, complain: Complain, link: str | None = None) -> None:
        self._complain = complain
        self._link = link
        self._pieces: Pieces = []
        self._emphasis = Emphasis.NONE
        self._pending = ""

    def parse(self, source: str) -> Pieces:
        """Return the pieces, in order."""
        position = 0
        for token in _TOKEN.finditer(source):
            self._pending += self._plain(source[position : token.start()])
            position = token.end()
            self._take(token)
        self._pending += self._plain(source[position:])
        self._flush()
        if self._emphasis is not Emphasis.NONE:
            raise self._complain("gras ou italique non refermé")
        return self._pieces

    def _take(self, token: re.Match[str]) -> None:
        if token["escaped"]:
            self._pending += token["escaped"]
            return
        self._flush()
        if token["field"]:
            self._pieces.append(FieldUse(token["field"], self._emphasis, self._link))
        elif token["link"]:
            self._take_link(token["label"], token["address"])
        else:
            self._turn(Emphasis.STRONG if token["strong"] else Emphasis.ITALIC)

    def _take_link(self, label: str, address: str) -> None:
        if not label or not address:
            raise self._complain("lien sans texte ou sans adresse")
        if not address.startswith((*LINK_SCHEMES, "{{")):
            raise self._complain(f"adresse de lien refusée : « {address} » ({', '.join(LINK_SCHEMES)} attendus)")
        pieces = _Inline(self._complain, address).parse(label)
        self._pieces += pieces if self._emphasis is Emphasis.NONE else [replace(piece, emphasis=self._emphasis) for piece in pieces]

    def _turn(self, wanted: Emphasis) -> None:
        if self._emphasis not in {Emphasis.NONE, wanted}:
            raise self._complain("gras et italique emboîtés")
        self._emphasis = wanted if self._emphasis is Emphasis.NONE else Emphasis.NONE

    def _flush(self) -> None:
        if self._pending:
            self._pieces.append(Run(self._pending, self._emphasis, self._link))
            self._pending = ""

    def _plain(self, text: str) -> str:
        for sign, meaning in _STRAY_SIGNS:
            if sign in text:
                raise self._complain(f"{meaning} : « {sign} »")
        return text


def _with_french_spaces(pieces: Pieces) -> Pieces:
    """Set no-break spaces across pieces; a field counts as one letter, so that a sign after it keeps to it."""
    spaced = set_french_spaces("".join(piece.text if isinstance(piece, Run) else _STAND_IN for piece in pieces))
    result: Pieces = []
    position = 0
    for piece in pieces:
        length = len(piece.text) if isinstance(piece, Run) else len(_STAND_IN)
        result.append(replace(piece, text=spaced[position : position + length]) if isinstance(piece, Run) else piece)
        position += length
    return result
