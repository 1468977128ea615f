"""French sentences of errors."""

from __future__ import annotations

from conventions.error_sentences import SENTENCES
from conventions.errors import ContreseingError, InputRefused, RuleRefused
from conventions.sentences import sentence, sentence_of


def test_every_sentence_reads_without_details_too() -> None:
    for code in SENTENCES:
        assert "{" not in sentence_of(code)


def test_sentences_are_filled_from_details() -> None:
    error = RuleRefused("x", code="code.wrong", tries_left=2)
    assert "2 essai" in sentence(error)
    assert sentence(ContreseingError("x", code="unknown.code")) == SENTENCES["internal"]
    assert sentence(InputRefused("x", code="unknown.code")) == SENTENCES["input.refused"]
