"""Errors as pages and as problem documents."""

from __future__ import annotations

import json

import pytest
from fastapi import FastAPI

from conventions.errors import (
    Busy,
    ConfigurationError,
    ContreseingError,
    EvidenceBroken,
    InputRefused,
    NotFound,
    Problem,
    RuleRefused,
    SigningFailed,
    UpstreamUnavailable,
    VerificationFailed,
)
from portal import problems
from portal.context import Context
from portal.settings import Site
from tests.fakes.world import World
from tests.portal.sites import SETTINGS, Visitor

ERRORS: dict[str, Exception] = {
    "rule": RuleRefused("programme 2020 ended", code="programme.closed", programme="2020-2024"),
    "not-found": NotFound("no such thing"),
    "input": InputRefused("bad", code="form.refused", problems=[Problem(0, "act_on", "x", "Écrivez la date.")], count=1),
    "down": UpstreamUnavailable("s3 at 10.0.0.1 says no"),
    "busy": Busy("claimed"),
    "signing": SigningFailed("hsm"),
    "verification": VerificationFailed("signer differs"),
    "evidence": EvidenceBroken("digest differs"),
    "configuration": ConfigurationError("missing"),
    "root": ContreseingError("secret detail"),
    "unexpected": RuntimeError("secret detail"),
}
STATUSES = {
    "rule": 409,
    "not-found": 404,
    "input": 422,
    "down": 503,
    "busy": 503,
    "signing": 500,
    "verification": 500,
    "evidence": 500,
    "configuration": 500,
    "root": 500,
    "unexpected": 500,
}


@pytest.fixture
def site() -> FastAPI:
    """A site whose pages only fail."""
    application = FastAPI()
    application.state.context = Context(World().ports, SETTINGS, Site.OFFICE)
    problems.install(application)

    @application.get("/fail/{name}")
    @application.get("/api/fail/{name}")
    def fail(name: str) -> None:
        raise ERRORS[name]

    return application


@pytest.mark.parametrize("name", ERRORS)
def test_people_read_a_page(site: FastAPI, name: str) -> None:
    visitor = Visitor(site, Site.OFFICE)
    answer = visitor.open(f"/fail/{name}")
    assert answer.status_code == STATUSES[name]
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>" in answer.text
    assert "secret detail" not in answer.text
    assert "10.0.0.1" not in answer.text
    assert ("retry-after" in answer.headers) == (STATUSES[name] == 503)


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize(
    ("path", "accept"), [("/api/fail/", "text/html"), ("/fail/", "application/json"), ("/fail/", "application/problem+json")]
)
def test_programs_read_a_problem(site: FastAPI, name: str, path: str, accept: str) -> None:
    visitor = Visitor(site, Site.OFFICE)
    answer = visitor.open(path + name, headers={"accept": accept})
    assert answer.status_code == STATUSES[name]
    assert answer.headers["content-type"] == "application/problem+json"
    problem = json.loads(answer.text)
    assert set(problem) >= {"type", "title", "status", "detail", "code"}
    assert problem["status"] == STATUSES[name]
    assert "secret detail" not in answer.text
    assert ("retry-after" in answer.headers) == (STATUSES[name] == 503)


def test_details_fill_the_sentence(site: FastAPI) -> None:
    visitor = Visitor(site, Site.OFFICE)
    visitor.open("/fail/rule")
    assert "Le programme 2020-2024 est terminé" in visitor.text
    problem = json.loads(visitor.open("/api/fail/input").text)
    assert problem["problems"] == [{"line": 0, "column": "act_on", "value": "x", "advice": "Écrivez la date."}]
