"""The stores at start-up: what an open programme asks for must be what the keys give."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contreseing.settings import Settings
from contreseing.stores import opened_registry, verify_registry
from conventions.errors import ConfigurationError
from conventions.sentences import sentence
from conventions.signatures import SignatureLevel, SignatureLevels
from tests.builders import example_programme
from tests.unit.contreseing.test_settings import GIVEN

FAR = date(2999, 12, 31)


def settings(tmp_path: Path, **given: Any) -> Settings:  # noqa: ANN401 values of any setting
    values = {name.lower(): value for name, value in GIVEN.items()}
    return Settings(**{**values, "data_dir": tmp_path, "database_url": f"sqlite:///{tmp_path / 'registry.db'}", **given})


def add(tmp_path: Path, **changes: Any) -> None:  # noqa: ANN401 any field of Programme
    with opened_registry(settings(tmp_path).registry_url) as registry, registry.write() as tx:
        tx.add_programme(example_programme(levels=SignatureLevels(signatory=SignatureLevel.ADVANCED), **changes))


def test_nothing_starts_below_the_level_of_an_open_programme(tmp_path: Path) -> None:
    add(tmp_path, ends_on=FAR)
    with pytest.raises(ConfigurationError) as refused:
        verify_registry(settings(tmp_path))
    assert refused.value.code == "programme.level_signatory"
    assert sentence(refused.value).startswith("Le programme programme 2026-2030 demande une contresignature avancée")
    verify_registry(settings(tmp_path, signatory_level="advanced"))


def test_a_programme_that_is_over_stops_nothing(tmp_path: Path) -> None:
    add(tmp_path, ends_on=date(2025, 12, 31))
    verify_registry(settings(tmp_path))
