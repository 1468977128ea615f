from __future__ import annotations

import os
from pathlib import Path

import pytest

from contreseing.settings import SETTINGS_FILE_KEY, Mode, load_settings
from contreseing.settings_table import render_settings_table
from conventions.archiving_service import ArchivingService
from conventions.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[3]
KEY = "k" * 40
GIVEN = {
    "MODE": "test",
    "DATA_DIR": "/nowhere",
    "DATABASE_URL": "sqlite:////nowhere/registry.sqlite",
    "MASTER_KEY": KEY,
    "SIGNERS_URL": "https://signer.invalid/",
    "DESK_URL": "https://parapheur.invalid",
    "OFFICE_URL": "https://gestion.invalid:8443",
    "HELP_TELEPHONE": "02 99 00 00 00",
    "S3_URL": "https://s3.invalid",
    "S3_ACCESS_KEY": "access",
    "S3_SECRET_KEY": "secret",
    "PKI_URL": "http://pki.invalid",
    "PKI_ANCHORS_DIR": "/nowhere/trust",
    "SMTP_HOST": "smtp.invalid",
    "MAIL_FROM": "conventions@ker-niverel.invalid",
    "AGENTS_MAIL": "gestion@ker-niverel.invalid",
    "MAIL_REPLY_TO": "reponses@ker-niverel.invalid",
    "PUBLISHER_NAME": "Syndicat mixte Ker Niverel",
    "PUBLISHER_SEAT": "1 place de l'Exemple, 35000 Ville-Fictive",
    "PUBLISHER_WEBSITE": "https://ker-niverel.invalid",
    "PUBLISHER_DIRECTOR": "Nolwenn Kerfictif",
    "PUBLISHER_HOSTING": "Hébergeur fictif",
    "DATA_PROTECTION_MAIL": "dpo@ker-niverel.invalid",
    "ACTIVATION_URL": "https://services.invalid/activation",
    "ACTIVATION_SECRET": "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=",
    "PREFECT_API_URL": "http://prefect.invalid/api",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("CONTRESEING_")]:
        monkeypatch.delenv(name)
    for name, value in GIVEN.items():
        monkeypatch.setenv(f"CONTRESEING_{name}", value)
    return monkeypatch


def refusal() -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    return str(refused.value)


@pytest.mark.usefixtures("environment")
def test_settings_are_read_from_the_environment() -> None:
    settings = load_settings()
    assert settings.mode is Mode.TEST
    assert settings.sites["signers"] == "https://signer.invalid"
    assert settings.lock_mode == "GOVERNANCE"
    assert settings.is_demonstration
    assert KEY not in repr(settings)


def test_an_unknown_key_of_the_environment_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONTRESEING_SIGNER_URL", "https://typo.invalid")
    assert refusal() == "settings refused: signer_url: unknown key"


def test_an_unknown_key_of_the_file_is_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("lock_year = 10\n")
    environment.setenv(SETTINGS_FILE_KEY, str(file))
    assert refusal() == "settings refused: lock_year: unknown key"


def test_the_environment_wins_over_the_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('help_telephone = "01"\nlock_years = 12\n')
    environment.setenv(SETTINGS_FILE_KEY, str(file))
    settings = load_settings()
    assert settings.help_telephone == "02 99 00 00 00"
    assert settings.lock_years == 12


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("LOCK_YEARS", "9", "lock_years: fewer than administrative_years"),
        ("FINAL_FATE", "burn", "final_fate: Input should be 'keep', 'sort' or 'destroy'"),
        ("SAE_AGREEMENT", "AV-1", "sae_agreement, sae_archival_agency and sae_transferring_agency go together"),
        ("SAE_APPRAISAL_RULE", "APP10Y", "sae_appraisal_rule: no SAE is set"),
    ],
)
def test_a_retention_that_cannot_be_is_refused(environment: pytest.MonkeyPatch, key: str, value: str, said: str) -> None:
    environment.setenv(f"CONTRESEING_{key}", value)
    assert refusal() == f"settings refused: {said}"


def test_an_archiving_service_is_whole_or_none(environment: pytest.MonkeyPatch) -> None:
    assert load_settings().archiving_service is None
    for key, value in (("AGREEMENT", "AV-1"), ("ARCHIVAL_AGENCY", "FRAD000"), ("TRANSFERRING_AGENCY", "KER"), ("APPRAISAL_RULE", "APP10Y")):
        environment.setenv(f"CONTRESEING_SAE_{key}", value)
    assert load_settings().archiving_service == ArchivingService("AV-1", "FRAD000", "KER", "APP10Y")


@pytest.mark.parametrize("content", ["= broken", None])
def test_an_unreadable_file_is_refused(environment: pytest.MonkeyPatch, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "settings.toml"
    if content is not None:
        file.write_text(content)
    environment.setenv(SETTINGS_FILE_KEY, str(file))
    assert "cannot be read" in refusal()


def test_missing_keys_are_all_named(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("CONTRESEING_S3_URL")
    environment.delenv("CONTRESEING_MAIL_FROM")
    assert refusal() == "settings refused: s3_url: missing; mail_from: missing"


def test_a_secret_is_read_from_a_file_beside_the_settings(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "master.key").write_text("m" * 40 + "\n")
    file = tmp_path / "settings.toml"
    file.write_text('master_key_file = "master.key"\n')
    environment.delenv("CONTRESEING_MASTER_KEY")
    environment.setenv(SETTINGS_FILE_KEY, str(file))
    assert load_settings().master_key.get_secret_value() == "m" * 40


def test_paths_of_the_file_are_relative_to_it_and_the_database_stands_in_the_data_folder(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('data_dir = "data"\n')
    environment.delenv("CONTRESEING_DATA_DIR")
    environment.delenv("CONTRESEING_DATABASE_URL")
    environment.setenv(SETTINGS_FILE_KEY, str(file))
    settings = load_settings()
    assert settings.data_dir == tmp_path / "data"
    assert settings.registry_url == f"sqlite:///{tmp_path}/data/registry.sqlite"


def test_a_secret_given_twice_is_refused(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "master.key").write_text("m" * 40)
    environment.setenv("CONTRESEING_MASTER_KEY_FILE", str(tmp_path / "master.key"))
    assert "both given" in refusal()


def test_a_secret_file_that_lacks_is_named_without_its_path(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("CONTRESEING_MASTER_KEY")
    environment.setenv("CONTRESEING_MASTER_KEY_FILE", str(tmp_path / "absent.key"))
    text = refusal()
    assert "master_key_file" in text
    assert "absent.key" not in text


def test_a_plain_setting_has_no_file_form(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONTRESEING_S3_URL_FILE", "/nowhere")
    assert "s3_url_file: unknown key" in refusal()


def test_a_refusal_never_holds_the_value(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONTRESEING_MASTER_KEY", "too-short-to-use")
    environment.setenv("CONTRESEING_SMTP_SECURITY", "hunter2")
    text = refusal()
    assert "too-short-to-use" not in text
    assert "hunter2" not in text


def in_production(environment: pytest.MonkeyPatch, **changes: str) -> None:
    environment.setenv("CONTRESEING_MODE", "production")
    for name, value in changes.items():
        environment.setenv(f"CONTRESEING_{name}", value)


def test_production_locks_in_compliance(environment: pytest.MonkeyPatch) -> None:
    in_production(environment)
    settings = load_settings()
    assert settings.lock_mode == "COMPLIANCE"
    assert not settings.is_demonstration


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MASTER_KEY", "demo-" + "0" * 40),
        ("S3_SECRET_KEY", "demo-secret"),
        ("ACTIVATION_SECRET", "whsec_ZGVtby1zZWNyZXQtc2VjcmV0LXNlY3JldA=="),
        ("DATABASE_URL", "postgresql+psycopg://contreseing:demo-word@db.invalid/contreseing"),
    ],
)
def test_production_refuses_secrets_of_the_demonstration(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    in_production(environment, **{name: value})
    text = refusal()
    assert f"{name.lower()}: a secret of the demonstration" in text
    assert value not in text


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SIGNERS_URL", "http://signer.invalid", "https is required"),
        ("DESK_URL", "https://signer.invalid:8443", "three hosts"),
        ("SMTP_SECURITY", "none", "none is refused"),
        ("OFFICE_URL", "gestion.invalid", "an address begins with"),
    ],
)
def test_production_refuses_what_is_unsafe(environment: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    in_production(environment, **{name: value})
    assert said in refusal()


def test_the_published_table_is_current() -> None:
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == render_settings_table()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"S3_SECOND_URL": "https://second.invalid"}, "go together"),
        (
            {"S3_SECOND_URL": "https://s3.invalid", "S3_SECOND_ACCESS_KEY": "access", "S3_SECOND_SECRET_KEY": "secret"},
            "the same bucket twice",
        ),
    ],
)
def test_a_second_archive_is_another_one_and_whole(environment: pytest.MonkeyPatch, given: dict[str, str], said: str) -> None:
    for name, value in given.items():
        environment.setenv(f"CONTRESEING_{name}", value)
    assert said in refusal()
