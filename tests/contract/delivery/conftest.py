"""The real parts, one of each for a module's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.delivery.parts import RunningCatcher, mail_catcher_in


@pytest.fixture(scope="module")
def mail_catcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCatcher]:
    catcher = mail_catcher_in(tmp_path_factory.mktemp("mails")).start()
    yield catcher
    assert catcher.stop() == (0, "")
