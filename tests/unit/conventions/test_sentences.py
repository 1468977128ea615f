"""French sentences of errors."""

from __future__ import annotations

from conventions.error_sentences import SENTENCES
from conventions.errors import ContreseingError, InputRefused, RuleRefused
from conventions.kinds import Kind
from conventions.sentences import STATUS_LABELS, general_sentence, sentence, sentence_of, status_label
from conventions.status import Status


def test_every_sentence_reads_without_details_too() -> None:
    for code in SENTENCES:
        assert "{" not in sentence_of(code)


def test_sentences_are_filled_from_details() -> None:
    error = RuleRefused("x", code="code.wrong", tries_left=2)
    assert sentence(error) == "Ce code n’est pas le bon. Il vous reste 2\u00a0essais."
    assert sentence(RuleRefused("x", code="code.wrong", tries_left=1)).endswith("Il vous reste 1\u00a0essai.")
    assert "2000 caractères" in sentence(RuleRefused("x", code="text.too_long", most=2000))
    assert sentence(ContreseingError("x", code="unknown.code")) == SENTENCES["internal"]
    assert sentence(InputRefused("x", code="unknown.code")) == SENTENCES["input.refused"]


def test_a_code_whose_details_are_gone_is_told_all_the_same() -> None:
    assert sentence_of("code.wrong") == general_sentence("code.wrong")
    assert sentence_of("code.wrong", "link.refused") == SENTENCES["link.refused"]


def test_a_sentence_by_itself_keeps_its_nouns() -> None:
    assert general_sentence("code.wrong") == "Ce code n’est pas le bon. Il vous reste …\u00a0essais."
    assert general_sentence("text.too_long") == "Ce texte est trop long : … caractères au plus."
    assert general_sentence("unknown.code") == "cause unknown.code."
    for code in SENTENCES:
        assert "{" not in general_sentence(code)


def test_every_status_is_told_in_the_gender_of_its_kind() -> None:
    assert status_label(Status.ACTIVE, Kind.CHARTER) == "Active"
    assert status_label(Status.ACTIVE, Kind.ORDER_FORM) == "Actif"
    assert status_label(Status.QUARANTINED, Kind.AMENDMENT) == "En quarantaine"
    for status in Status:
        label = status_label(status, Kind.AMENDMENT)
        assert not label.endswith("ée"), label
        assert label[:4] == STATUS_LABELS[status][:4]
