from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from contreseing.cli.opening import has_settings
from contreseing.embedded.workspace import PORT_NAMES, SECRETS, Workspace, ensure_workspace, is_workspace, write_private
from contreseing.settings import PASSPHRASE_FILE_VARIABLE, Mode, is_demo_secret, load_settings_file
from conventions.errors import ConfigurationError


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return ensure_workspace(tmp_path / "demo")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_is_private(workspace: Workspace) -> None:
    assert mode_of(workspace.folder) == 0o700
    assert mode_of(workspace.folder / "keys") == 0o700
    files = [path for path in workspace.folder.rglob("*") if path.is_file()]
    assert {mode_of(path) for path in files} == {0o600}


def test_addresses_and_keys_are_chosen_once(workspace: Workspace) -> None:
    keys = {name: workspace.key_file(name).read_text() for name in SECRETS}
    again = ensure_workspace(workspace.folder)
    assert again.addresses == workspace.addresses
    assert {name: again.key_file(name).read_text() for name in SECRETS} == keys
    assert len(set(workspace.addresses.ports.values())) == len(PORT_NAMES)


def test_its_settings_are_accepted_as_a_demonstration_and_by_nothing_else(workspace: Workspace) -> None:
    settings = load_settings_file(workspace.settings_file)
    assert settings.mode is Mode.DEMONSTRATION
    assert settings.signers_url == workspace.addresses.url("signers")
    assert settings.data_dir == workspace.folder / "data"
    assert all(is_demo_secret(workspace.key_file(name).read_text()) for name in SECRETS)
    text = workspace.settings_file.read_text().replace('mode = "demonstration"', 'mode = "production"')
    workspace.settings_file.write_text(text)
    with pytest.raises(ConfigurationError, match="a secret of the demonstration"):
        load_settings_file(workspace.settings_file)


def test_settings_hold_no_secret_and_no_path_of_this_machine(workspace: Workspace) -> None:
    text = workspace.settings_file.read_text()
    assert str(workspace.folder) not in text
    assert not any(workspace.key_file(name).read_text() in text for name in SECRETS)


def test_a_fresh_start_keeps_the_addresses_alone(workspace: Workspace) -> None:
    before = workspace.key_file("master_key").read_text()
    workspace.part_folder("s3").joinpath("volume").write_text("bytes")
    workspace.write_accounts([{"login": "agent"}])
    workspace.wipe()
    assert {path.name for path in workspace.folder.iterdir()} == {"stack.json"}
    again = ensure_workspace(workspace.folder)
    assert again.addresses == workspace.addresses
    assert again.read_accounts() == []
    assert again.key_file("master_key").read_text() != before


def test_accounts_are_kept(workspace: Workspace) -> None:
    workspace.write_accounts([{"login": "agent", "name": "Enora c'h ñ"}])
    assert workspace.read_accounts() == [{"login": "agent", "name": "Enora c'h ñ"}]


@pytest.mark.parametrize("content", ["", "{}", '{"schema": "contreseing/stack/0"}', '{"schema": "contreseing/stack/1", "ports": {}}'])
def test_a_folder_of_another_version_is_refused(workspace: Workspace, content: str) -> None:
    (workspace.folder / "stack.json").write_text(content)
    with pytest.raises(ConfigurationError):
        ensure_workspace(workspace.folder)


def test_ports_of_another_version_are_refused(workspace: Workspace) -> None:
    path = workspace.folder / "stack.json"
    read = json.loads(path.read_text())
    del read["ports"]["smtp"]
    path.write_text(json.dumps(read))
    with pytest.raises(ConfigurationError, match="another version"):
        ensure_workspace(workspace.folder)


def test_the_passphrase_of_its_authority_is_asked_once_and_its_place_kept(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert workspace.passphrase_file is None
    file = workspace.folder.with_name("passphrase")
    monkeypatch.setenv(PASSPHRASE_FILE_VARIABLE, str(file))
    assert ensure_workspace(workspace.folder).passphrase_file == file
    assert not has_settings()
    monkeypatch.delenv(PASSPHRASE_FILE_VARIABLE)
    again = ensure_workspace(workspace.folder)
    assert again.passphrase_file == file
    assert load_settings_file(again.settings_file).pki_passphrase_file == file


def test_a_private_file_is_written_whole_over_what_a_crash_left(tmp_path: Path) -> None:
    (tmp_path / ".x.part").write_text("half")
    write_private(tmp_path / "x", "whole")
    assert (tmp_path / "x").read_text() == "whole"
    assert not is_workspace(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
