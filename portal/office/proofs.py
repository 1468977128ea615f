"""Proofs of the journal for programs (RFC 9162): what stands in it, and that nothing was rewritten between two of its states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from conventions.steps.prove_events import office_consistency, office_proof, render_consistency, render_proof
from portal.context import Cookie, Here
from portal.people import current_account

router = APIRouter(prefix="/api/journal", tags=["journal"], dependencies=[Depends(current_account)])


@router.get("/agreements/{reference}")
def prove_agreement(here: Here, cookie: Cookie, reference: Annotated[str, Path(max_length=20)]) -> Mapping[str, Any]:
    """Return every event of an agreement that the latest stamped head covers, with its inclusion path and the head's tokens."""
    return render_proof(office_proof(here.ports, cookie, reference))


@router.get("/consistency")
def prove_growth(
    here: Here, cookie: Cookie, first: Annotated[int, Query(ge=1)], second: Annotated[int | None, Query(ge=1)] = None
) -> Mapping[str, Any]:
    """Return the path from the tree of ``first`` events to that of ``second``, by default that of the latest head."""
    return render_consistency(office_consistency(here.ports, cookie, first, second))
