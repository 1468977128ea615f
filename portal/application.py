"""The portal's application: three sites behind one door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, FastAPI

from conventions.ports.system import Ports
from portal import notices, people, problems
from portal.access_log import AccessLog
from portal.context import Context
from portal.desk import ceremonies, documents, models
from portal.headers import SecurityHeaders
from portal.office import agreements, api, attentions, certificates, members, overview, proofs, proposals, repairs, reports
from portal.settings import PortalSettings, Site
from portal.signers import checking, deciding, information, opening, reading, uploading
from portal.sites import SiteDispatch

ROUTERS: Mapping[Site, Sequence[APIRouter]] = {
    Site.SIGNERS: (opening.router, reading.router, deciding.router, uploading.router, information.router, checking.router),
    Site.DESK: (people.router, documents.router, models.router, ceremonies.router),
    Site.OFFICE: (
        people.router,
        overview.router,
        agreements.router,
        attentions.router,
        certificates.router,
        reports.router,
        members.router,
        repairs.router,
        proposals.router,
        api.router,
        proofs.router,
    ),
}


def create_application(ports: Ports, settings: PortalSettings) -> FastAPI:
    """Build the application that serves the three sites.

    Run it with the server's own access log off (it would write links) and, behind a proxy, with that proxy trusted for
    ``X-Forwarded-For``; the proxy passes ``Host`` on as it came.
    """
    application = FastAPI(title="Contreseing", docs_url=None, redoc_url=None, openapi_url=None)
    sites = {site: _create_site(Context(ports, settings, site)) for site in Site}
    application.add_middleware(SiteDispatch, settings=settings, sites=sites)
    application.add_middleware(AccessLog)
    application.add_middleware(SecurityHeaders, is_demonstration=settings.demonstration)
    return application


def _create_site(context: Context) -> FastAPI:
    is_office = context.site is Site.OFFICE
    site = FastAPI(
        title="Contreseing", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json" if is_office else None, redirect_slashes=False
    )
    site.state.context = context
    site.state.checks = checking.new_limit()
    problems.install(site)
    for router in (*ROUTERS[context.site], notices.router):
        site.include_router(router)
    return site
