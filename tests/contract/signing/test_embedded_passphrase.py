"""The embedded stack under a passphrase: its authority's keys are encrypted, and nothing starts on plain ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from contreseing.clock import SystemClock
from contreseing.embedded.parts import PKI
from contreseing.embedded.stack import Stack
from contreseing.settings import PASSPHRASE_FILE_VARIABLE
from contreseing.wiring import build_ports
from conventions.errors import ConfigurationError
from conventions.sentences import sentence
from signing.pki.directory import KEY_NAMES, ensure_pki
from signing.pki.key_files import is_encrypted


def are_encrypted(folder: Path) -> set[bool]:
    keys = sorted((folder / "pki").glob("*.key"))
    assert len(keys) == len(KEY_NAMES)
    return {is_encrypted(key) for key in keys}


def test_a_stack_takes_the_passphrase_that_is_set_and_is_refused_under_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, passphrase = tmp_path / "demo", tmp_path / "passphrase"
    passphrase.write_text("une phrase d'essai")
    passphrase.chmod(0o600)
    with Stack(folder) as stack:
        ensure_pki(stack.workspace.pki, stack.workspace.addresses.url("pki"), SystemClock().now())
    assert are_encrypted(folder) == {False}
    monkeypatch.setenv(PASSPHRASE_FILE_VARIABLE, str(passphrase))
    with Stack(folder) as stack:
        with pytest.raises(ConfigurationError) as refusal:
            build_ports(stack.settings, is_deferring=True)
        assert refusal.value.code == "configuration.pki_plain_key"
        assert "seal" in sentence(refusal.value)
        stack.start((PKI,))
        assert are_encrypted(folder) == {True}
    monkeypatch.delenv(PASSPHRASE_FILE_VARIABLE)
    with Stack(folder) as stack:
        stack.start((PKI,))
    passphrase.write_text("une autre")
    with Stack(folder) as stack, pytest.raises(ConfigurationError) as refusal:
        stack.start((PKI,))
    assert refusal.value.code == "configuration.pki_passphrase"
