"""``contreseing code``: the second factor of the demonstration's accounts, for whoever has no application at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pyotp
from typer.testing import CliRunner

from contreseing.cli import app
from contreseing.credentials import TOTP_STEP_SECONDS, random_totp_secret
from contreseing.embedded.workspace import ACCOUNTS_FILE


def accounts(folder: Path) -> str:
    secret = random_totp_secret()
    account = {"login": "agent", "name": "Enora", "role": "agent", "site": "office", "password": "mot", "totp_secret": secret}
    (folder / ACCOUNTS_FILE).write_text(json.dumps([account]), encoding="utf-8")
    return secret


def test_the_code_of_the_moment_opens_the_account(tmp_path: Path) -> None:
    secret = accounts(tmp_path)
    answer = CliRunner().invoke(app, ["--dossier", str(tmp_path), "code", "agent"])
    assert answer.exit_code == 0
    assert pyotp.TOTP(secret, interval=TOTP_STEP_SECONDS).verify(answer.output.strip(), valid_window=1)


def test_an_unknown_account_is_answered_with_those_that_are(tmp_path: Path) -> None:
    accounts(tmp_path)
    answer = CliRunner().invoke(app, ["--dossier", str(tmp_path), "code", "maire"], env={"COLUMNS": "200"})
    assert answer.exit_code == 2
    assert "agent" in answer.output
