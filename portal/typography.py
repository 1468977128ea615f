"""No-break spaces of French typography, laid in the templates' text when they are compiled.

Templates are written with plain spaces; « : » and guillemets take U+00A0, « ; ! ? » take the narrow U+202F.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

_NARROW = re.compile(r" (?=[;!?](?:\W|$))")
_WIDE_BEFORE = re.compile(r" (?=[:»%€](?:\W|$))")
_WIDE_AFTER = re.compile(r"(?<=«) |(?<=\bn°) |(?<=\bM\.) |(?<=\bMme) |(?<=\b\d) (?=\d{3}\b)")


def lay_spaces(text: str) -> str:
    """Return the text with its plain spaces replaced where a line must not break."""
    return _WIDE_AFTER.sub("\u00a0", _WIDE_BEFORE.sub("\u00a0", _NARROW.sub("\u202f", text)))


class FrenchSpaces(Extension):
    """Jinja extension: apply ``lay_spaces`` to literal text, never to expressions or values."""

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        """Yield the tokens, literal text spaced."""
        return self._spaced(stream)

    @staticmethod
    def _spaced(stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            yield Token(token.lineno, token.type, lay_spaces(token.value)) if token.type == "data" else token
