"""The doctor's look at trusted lists: none asked for, none installed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from contreseing.settings import Settings
from contreseing.trials import try_lists
from conventions.errors import VerificationFailed
from conventions.sentences import sentence


@dataclass
class Asked:
    """The settings that the trial reads."""

    trusted_lists_dir: Path | None = None
    trusted_lists_url: str = "http://listes.invalid/lotl.xml"
    trusted_lists_signers: Path | None = None
    trusted_lists_territories: str = ""


def settings(**values: Any) -> Settings:  # noqa: ANN401 any of the fields above
    return cast("Settings", Asked(**values))


def test_no_list_is_asked_for() -> None:
    assert "rien n’est dit qualifié" in try_lists(settings())


def test_a_folder_without_lists_is_to_mend(tmp_path: Path) -> None:
    with pytest.raises(VerificationFailed) as told:
        try_lists(settings(trusted_lists_dir=tmp_path))
    assert told.value.code == "lists.stale"
    assert sentence(told.value).startswith("Listes de confiance : 1\u00a0point à examiner")
