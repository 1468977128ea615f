"""Settings of the PKI that certifies and stamps, and of those that came before it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings


def _without_final_slash(address: str) -> str:
    if not address.startswith(("http://", "https://")):
        msg = "an address begins with http:// or https://"
        raise ValueError(msg)
    return address.rstrip("/")


Address = Annotated[str, AfterValidator(_without_final_slash)]


class PkiSettings(BaseSettings):
    """The PKI as its clients know it."""

    pki_url: Address = Field(description="Address of the embedded PKI: certificates, OCSP, CRL, time-stamps.")
    pki_anchors_dir: Path = Field(description="Folder of the trust anchors in PEM: `root.pem`, `members-ca.pem`, `syndicate-ca.pem`.")
    pki_former_dir: Path | None = Field(
        None,
        description="Folder of the PKIs that came before, a folder each: its anchors as `pki export` writes them, and `former.toml`, which"
        " says until when it vouches. None without it.",
    )
    pki_portal_token: SecretStr | None = Field(None, description="Right to ask for members' certificates; for the portal's process.")
    pki_flows_token: SecretStr | None = Field(None, description="Right to ask for the syndicate's certificates; for the flows.")
    pki_desk_token: SecretStr | None = Field(None, description="Right to ask for the system's seal; for the desk.")
    pki_proofs_token: SecretStr | None = Field(
        None, description="Right to have evidence and bundles sealed; for the portal, the flows and the command line."
    )
    pki_passphrase_file: Path | None = Field(
        None, description="File (0600) of what encrypts the private keys of the embedded PKI; plain without it, refused if plain with it."
    )
