"""Settings: read once, from the environment and one TOML file, and refused whole when anything is off.

Every field below is a key. In the environment it is written ``CONTRESEING_<KEY>``; in the TOML file, in lower case.
``CONTRESEING_SETTINGS`` names the TOML file; the environment wins over it. A secret ``X`` may be given by ``X_FILE``, the
path of a file that holds it. An unknown key is an error that names it. ``docs/settings.md`` is generated from here
(``contreseing settings table``).
"""

from __future__ import annotations

import base64
import os
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, Self, Union, get_args, get_origin

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from contreseing.judging_settings import JudgingSettings
from contreseing.keeping_settings import KeepingSettings
from contreseing.pki_settings import Address, PkiSettings
from contreseing.stamping_settings import StampingSettings
from conventions.errors import ConfigurationError
from conventions.signatures import SignatureLevel

PREFIX = "CONTRESEING_"
SETTINGS_FILE_KEY = "CONTRESEING_SETTINGS"
PASSPHRASE_FILE_VARIABLE = f"{PREFIX}PKI_PASSPHRASE_FILE"
FILE_SUFFIX = "_file"
DEMO_SECRET_PREFIX = "demo-"  # noqa: S105 it marks secrets that are worth nothing
MIN_MASTER_KEY_CHARACTERS = 32


class Mode(StrEnum):
    """What the installation is for."""

    PRODUCTION = "production"
    DEMONSTRATION = "demonstration"
    TEST = "test"


class Settings(JudgingSettings, KeepingSettings, PkiSettings, StampingSettings):
    """All settings. Fields without default must be given."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, validate_default=True)

    mode: Mode = Field(Mode.PRODUCTION, description="`production`, `demonstration` or `test`; the last two accept demonstration secrets.")
    data_dir: Path = Field(description="Folder for what this machine keeps: SQLite file, logs.")
    database_url: SecretStr | None = Field(
        None, description="Address of the registry, `postgresql://…` or `sqlite:////…`; without it, SQLite in `DATA_DIR`."
    )
    master_key: SecretStr = Field(description="At least 32 random characters, from which the keys of links, codes and TOTP are derived.")

    signers_url: Address = Field(description="Public address of the signers' site.")
    desk_url: Address = Field(description="Public address of the desk; another host than the signers' site.")
    office_url: Address = Field(description="Public address of the office; another host than both.")
    help_telephone: str = Field(description="Telephone number printed where somebody may be stuck.")
    agents_mail: str = Field(description="Address at which agents are told that a signer asks or reports something.")
    trusted_proxies: str = Field("127.0.0.1", description="Addresses whose `X-Forwarded-For` is believed, separated by commas.")

    s3_url: Address = Field(description="Address of the S3 service.")
    s3_region: str = Field("us-east-1", description="Its region.")
    s3_access_key: SecretStr = Field(description="Its access key.")
    s3_secret_key: SecretStr = Field(description="Its secret key.")
    s3_working_bucket: str = Field("contreseing-working", description="Bucket of working bytes.")
    s3_archive_bucket: str = Field("contreseing-archive", description="Bucket of the archive, created with object lock.")
    s3_second_url: Address | None = Field(
        None, description="Address of a second S3, far from the first: every archived object stands in both."
    )
    s3_second_region: str = Field("us-east-1", description="Its region.")
    s3_second_access_key: SecretStr | None = Field(None, description="Its access key.")
    s3_second_secret_key: SecretStr | None = Field(None, description="Its secret key.")
    s3_second_archive_bucket: str = Field("contreseing-archive", description="Bucket of the archive there.")

    upload_anchors_dir: Path | None = Field(
        None, description="Folder of the authorities (PEM or DER) whose certificates members may sign with elsewhere; closed without it."
    )
    upload_without_siren: str = Field(
        "confirm",
        pattern="^(refuse|confirm|accept)$",
        description="Certificate without SIREN: `refuse`, have an agent `confirm` it, or `accept`.",
    )
    member_level: SignatureLevel = Field(SignatureLevel.SIMPLE, description="Level of members' signatures; a one-shot key gives `simple`.")
    signatory_key: str = Field(
        "one_shot", pattern="^(one_shot|pkcs11|csc)$", description="Where the Vice-President's key is: `one_shot`, `pkcs11` or `csc`."
    )
    signatory_level: SignatureLevel = Field(SignatureLevel.SIMPLE, description="Level asked of the Vice-President's signature.")
    signatory_certificate: Path | None = Field(
        None, description="PEM of the device's certificate, then those above; else the device's own."
    )
    signatory_ca: Path | None = Field(None, description="PEM of the CA of that certificate, then those above it, when it is not ours.")
    signatory_policy: str | None = Field(None, description="Policy (OID) that this certificate must state; ours without it.")
    pkcs11_module: Path | None = Field(None, description="Library of the device (PKCS#11).")
    pkcs11_token: str | None = Field(None, description="Label of the token; or give `PKCS11_SLOT`.")
    pkcs11_slot: int | None = Field(None, description="Slot of the token.")
    pkcs11_key: str | None = Field(None, description="Label of the key, and of its certificate.")
    pkcs11_pin: SecretStr | None = Field(None, description="PIN of the token; for the flows alone.")
    csc_url: Address | None = Field(None, description="Address of the remote signing service (CSC API), without `/csc`.")
    csc_version: str = Field("v2", pattern="^v[12]$", description="Version of its API: `v1` or `v2`.")
    csc_credential: str | None = Field(None, description="Identifier of the key at that service.")
    csc_token: SecretStr | None = Field(None, description="Bearer token for that service; for the flows alone.")
    csc_pin: SecretStr | None = Field(None, description="PIN of that key; for the flows alone.")

    wordings_dir: Path | None = Field(
        None, description="Folder of the wordings your assembly voted; looked at before those that come with us."
    )
    letterhead_name: str = Field("", description="Name at the head of the documents; the programme's syndicate without it.")
    letterhead_address: str = Field("", description="Its address, two lines at most; the syndicate's seat without it.")
    letterhead_logo: Path | None = Field(None, description="Logo at the head of the documents: a PNG or SVG file.")
    letterhead_colour: str | None = Field(None, description="Colour of titles and rules, `#RRGGBB`; must be readable on white.")
    letterhead_tint: str | None = Field(None, description="Colour under the heads of tables; made from the other without it.")
    ca_file: Path | None = Field(
        None, description="PEM file of the authorities that vouch for the mail server and the services; the system's without it."
    )

    smtp_host: str = Field(description="Mail server.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_security: str = Field("starttls", pattern="^(starttls|tls|none)$", description="`starttls`, `tls`, or `none` (loopback only).")
    smtp_login: str | None = Field(None, description="Login on the mail server.")
    smtp_password: SecretStr | None = Field(None, description="Password on the mail server.")
    mail_from: str = Field(description="Address from which notices are sent.")
    mail_reply_to: str = Field(description="Address at which answers to notices are read by a person.")

    activation_url: Address = Field(description="Where activation orders are delivered (Standard Webhooks).")
    activation_secret: SecretStr = Field(description="Key of the webhooks' signature, `whsec_…`.")
    activation_secret_next: SecretStr | None = Field(None, description="Second key, while one replaces the other.")

    prefect_api_url: Address = Field(description="Address of Prefect's API, ending in `/api`.")
    prefect_auth: SecretStr | None = Field(None, description="`user:password` of Prefect's API.")
    prefect_ui_url: Address | None = Field(None, description="Where agents open Prefect, shown in the office.")

    publisher_name: str = Field(description="Who answers for the sites: name of the syndicate.")
    publisher_seat: str = Field(description="Its seat.")
    publisher_website: str = Field(description="Its website.")
    publisher_director: str = Field(description="Director of publication.")
    publisher_hosting: str = Field(description="Who hosts the sites: name, address, telephone.")
    data_protection_mail: str = Field(description="Address of the data protection officer.")
    accessibility_level: str = Field("non conforme", description="Level of conformity to the RGAA, as declared.")
    accessibility_basis: str = Field(
        "aucun audit n’a encore été mené par une personne extérieure au projet", description="What that declaration rests on, as printed."
    )
    accessibility_on: str = Field("", description="Day of that declaration, as printed.")
    visits_kept_months: int = Field(12, ge=1, le=60, description="Months during which details of visits are kept.")

    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Replace the library's sources, which let unknown environment keys pass, by ours."""
        del env_settings, dotenv_settings, file_secret_settings
        return init_settings, _Environment(settings_cls), _SettingsFile(settings_cls)

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        read = dict(values)
        for name, field in cls.model_fields.items():
            path = read.pop(name + FILE_SUFFIX, None) if is_secret(field) else None
            if path is None:
                continue
            if name in read:
                msg = f"{name} and {name}{FILE_SUFFIX} are both given"
                raise ValueError(msg)
            try:
                read[name] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                msg = f"{name}{FILE_SUFFIX}: the file cannot be read ({type(error).__name__})"
                raise ValueError(msg) from error
        return read

    @model_validator(mode="after")
    def _refuse_what_contradicts(self) -> Self:
        if len(self.master_key.get_secret_value()) < MIN_MASTER_KEY_CHARACTERS:
            msg = f"master_key: shorter than {MIN_MASTER_KEY_CHARACTERS} characters"
            raise ValueError(msg)
        second = (self.s3_second_url, self.s3_second_access_key, self.s3_second_secret_key)
        if any(second) and not all(second):
            msg = "s3_second_url, s3_second_access_key and s3_second_secret_key go together"
            raise ValueError(msg)
        if (self.s3_second_url, self.s3_second_archive_bucket) == (self.s3_url, self.s3_archive_bucket):
            msg = "s3_second_url and s3_second_archive_bucket: the same bucket twice is one archive"
            raise ValueError(msg)
        if self.mode is Mode.PRODUCTION:
            self._refuse_in_production()
        return self

    def _refuse_in_production(self) -> None:
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if is_secret(field) and value is not None and is_demo_secret(value.get_secret_value()):
                msg = f"{name}: a secret of the demonstration, refused in production"
                raise ValueError(msg)
        for name in ("signers_url", "desk_url", "office_url"):
            if not getattr(self, name).startswith("https://"):
                msg = f"{name}: https is required in production"
                raise ValueError(msg)
        hosts = {_host(self.signers_url), _host(self.desk_url), _host(self.office_url)}
        if len(hosts) < 3:  # noqa: PLR2004 three sites
            msg = "signers_url, desk_url and office_url need three hosts: cookies ignore ports"
            raise ValueError(msg)
        if self.smtp_security == "none":
            msg = "smtp_security: none is refused in production"
            raise ValueError(msg)

    @property
    def is_demonstration(self) -> bool:
        """Whether documents, pages and mails are marked as fictitious."""
        return self.mode is not Mode.PRODUCTION

    @property
    def lock_mode(self) -> str:
        """Mode of the archive's object lock."""
        return "COMPLIANCE" if self.mode is Mode.PRODUCTION else "GOVERNANCE"

    @property
    def registry_url(self) -> str:
        """Address of the registry's database."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.data_dir / 'registry.sqlite').absolute()}"

    @property
    def timestamp_urls(self) -> tuple[str, ...]:
        """Addresses of the time-stamp authorities, in order of preference."""
        return tuple((self.tsa_urls or f"{self.pki_url}/tsa").split())

    @property
    def sites(self) -> Mapping[str, str]:
        """Public address of each site."""
        return {"signers": self.signers_url, "desk": self.desk_url, "office": self.office_url}


class _GivenSettings(Settings):
    """Settings from given values alone."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


class _Environment(PydanticBaseSettingsSource):
    """Every variable that begins with our prefix, known or not, so that unknown ones are refused by name."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        del field
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return {
            name.removeprefix(PREFIX).lower(): value
            for name, value in os.environ.items()
            if name.startswith(PREFIX) and name != SETTINGS_FILE_KEY
        }


class _SettingsFile(PydanticBaseSettingsSource):
    """The TOML file that ``CONTRESEING_SETTINGS`` names, if any; paths in it are relative to its folder."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        del field
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        name = os.environ.get(SETTINGS_FILE_KEY)
        return read_settings_file(Path(name)) if name else {}


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 any field of Settings
    """Read the settings; keywords win over the environment, which wins over the file.

    Raises:
        ConfigurationError: a key is unknown, missing, unreadable or refused; every such key is named, no value is.
    """
    return _built(Settings, overrides)


def _built(kind: type[Settings], values: Mapping[str, Any]) -> Settings:
    try:
        return kind(**values)
    except ValidationError as error:
        raise ConfigurationError(
            "settings refused: " + "; ".join(_told(problem) for problem in error.errors(include_url=False, include_input=False)),
            code="configuration.refused",
            problems=" ; ".join(_told(problem) for problem in error.errors(include_url=False, include_input=False)),
        ) from None


def load_settings_file(path: Path, **overrides: Any) -> Settings:  # noqa: ANN401 any field of Settings
    """Read the settings from one TOML file, whatever the environment says; keywords win over the file.

    Raises:
        ConfigurationError: see ``load_settings``.
    """
    return _built(_GivenSettings, {**read_settings_file(path), **overrides})


def read_settings_file(path: Path) -> dict[str, Any]:
    """Read a TOML file of settings; the paths in it are made relative to its folder.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"the settings file cannot be read: {type(error).__name__}", code="configuration.file_unreadable", key=SETTINGS_FILE_KEY
        ) from error
    fields = Settings.model_fields.items()
    paths = {f"{name}{FILE_SUFFIX}" for name, field in fields if is_secret(field)} | {name for name, field in fields if is_path(field)}
    return {key: str(path.parent / value) if key in paths and isinstance(value, str) else value for key, value in values.items()}


def _told(problem: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    match problem["type"]:
        case "extra_forbidden":
            return f"{key}: unknown key"
        case "missing":
            return f"{key}: missing"
        case "value_error":
            text = str(problem["ctx"]["error"])
            return f"{key}: {text}" if key else text
        case _:
            return f"{key}: {problem['msg']}"


def is_secret(field: FieldInfo) -> bool:
    """Tell whether a field holds a secret (and may be given as a file)."""
    return SecretStr in _types(field)


def is_path(field: FieldInfo) -> bool:
    """Tell whether a field is a path."""
    return Path in _types(field)


def _types(field: FieldInfo) -> tuple[object, ...]:
    annotation = field.annotation
    return get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)


def text_of(secret: SecretStr | None) -> str | None:
    """Return a secret's value, for the adapter that needs it."""
    return secret.get_secret_value() if secret is not None else None


def is_demo_secret(value: str) -> bool:
    """Tell whether a secret was made for a demonstration: it begins with the mark, plain, in base64, or in an address."""
    in_base64 = base64.b64encode(DEMO_SECRET_PREFIX.encode()).decode()[:6]
    return value.startswith(DEMO_SECRET_PREFIX) or f":{DEMO_SECRET_PREFIX}" in value or value.removeprefix("whsec_").startswith(in_base64)


def _host(address: str) -> str:
    return address.partition("://")[2].partition("/")[0].rpartition(":")[0] or address.partition("://")[2].partition("/")[0]
