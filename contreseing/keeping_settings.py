"""Settings of keeping: how agreements are kept and for how long, and whom they are transferred to for ever."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from conventions.archiving_service import ArchivingService
from conventions.retention import FinalFate


class KeepingSettings(BaseSettings):
    """What is agreed with the departmental archives and with the electronic archiving service (SAE)."""

    administrative_years: int = Field(
        10, ge=1, le=99, description="Years of administrative life (*DUA*), counted from the end of the programme."
    )
    lock_years: int = Field(
        10, ge=1, le=99, description="Years under lock, counted from the end of the programme; at least `ADMINISTRATIVE_YEARS`."
    )
    s3_encryption: str | None = Field(
        None,
        pattern="^(AES256|aws:kms)$",
        description="Encryption at rest that every bucket must have by default, `AES256` or `aws:kms`; not looked at without it.",
    )
    archive_folders_checked: int = Field(
        200,
        ge=0,
        description="Folders of the archive read again each night, drawn at random: with `200`, 40,000 in seven months; `0` for all.",
    )
    final_fate: FinalFate = Field(FinalFate.KEEP, description="Final fate (*sort final*): `keep`, `sort` or `destroy`.")
    sae_agreement: str | None = Field(None, description="Identifier of the transfer agreement (*accord de versement*) with the SAE.")
    sae_archival_agency: str | None = Field(None, description="Identifier of the SAE's archival agency.")
    sae_transferring_agency: str | None = Field(None, description="Identifier of the syndicate at the SAE.")

    sae_appraisal_rule: str | None = Field(None, description="Code of the appraisal rule at the SAE that says the administrative life.")

    @model_validator(mode="after")
    def _refuse_a_lock_that_ends_too_soon(self) -> Self:
        if self.lock_years < self.administrative_years:
            msg = "lock_years: fewer than administrative_years"
            raise ValueError(msg)
        sae = (self.sae_agreement, self.sae_archival_agency, self.sae_transferring_agency)
        if any(sae) and not all(sae):
            msg = "sae_agreement, sae_archival_agency and sae_transferring_agency go together"
            raise ValueError(msg)
        if self.sae_appraisal_rule is not None and not all(sae):
            msg = "sae_appraisal_rule: no SAE is set"
            raise ValueError(msg)
        return self

    @property
    def archiving_service(self) -> ArchivingService | None:
        """The SAE, where one is set."""
        if self.sae_agreement is None or self.sae_archival_agency is None or self.sae_transferring_agency is None:
            return None
        return ArchivingService(self.sae_agreement, self.sae_archival_agency, self.sae_transferring_agency, self.sae_appraisal_rule)
