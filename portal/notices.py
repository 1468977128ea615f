"""What each site owes to everybody: notices, static files, and its health."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from portal.context import Here
from portal.pages import ASSETS, asset_address, asset_bytes, page

router = APIRouter(include_in_schema=False)

MEDIA_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"
"""A static file's address holds its digest: what stands there never changes."""


@router.get("/accessibilite")
def accessibility(request: Request, here: Here) -> Response:
    """Declare how accessible the site is."""
    return page(request, "notices/accessibility.html", origin=here.origin)


@router.get("/mentions-legales")
def legal(request: Request) -> Response:
    """Say who publishes and hosts the site."""
    return page(request, "notices/legal.html")


@router.get("/donnees-personnelles")
def privacy(request: Request) -> Response:
    """Say what is done with personal data."""
    return page(request, "notices/privacy.html")


@router.get("/static/{digest}/{name}")
def static(digest: str, name: str) -> Response:
    """Serve one of our files under its digest."""
    if name not in ASSETS or asset_address(name) != f"/static/{digest}/{name}":
        raise HTTPException(404)
    return Response(asset_bytes(name), media_type=MEDIA_TYPES[name.rpartition(".")[2]], headers={"cache-control": FOREVER})


@router.get("/health")
def health(here: Here) -> Response:
    """Answer that the site and its registry answer; 503 as a problem document otherwise."""
    with here.ports.registry.read() as tx:
        tx.count_late(here.ports.clock.now())
    return JSONResponse({"status": "ok"})
