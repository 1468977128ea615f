"""What holds for every test: tools that may be missing, what was not run and why, the effort of Hypothesis.

``@pytest.mark.needs_tool("poppler", "qpdf")`` names programs of ``tests/tools.py``. Where one is missing the test is left
out and named at the end of the run, with the way to get it; with ``CI=true`` nothing may be left out, for any reason.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from tests.scheduling import SharedStart
from tests.tools import TOOLS, in_ci

settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, print_blob=True)
settings.register_profile("deep", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if in_ci() else "quick"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs_tool(*names): programs of tests/tools.py without which the test cannot run")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedStart:
    config.option.loadscopereorder = False
    return SharedStart(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        unknown = {name for marker in item.iter_markers("needs_tool") for name in marker.args} - TOOLS.keys()
        if unknown:
            message = f"{item.nodeid}: needs_tool knows {sorted(TOOLS)}, not {sorted(unknown)}"
            raise pytest.UsageError(message)


def pytest_runtest_setup(item: pytest.Item) -> None:
    names = [name for marker in item.iter_markers("needs_tool") for name in marker.args]
    missing = [name for name in names if not TOOLS[name].present()]
    if missing:
        reason = "; ".join(f"{name} is missing: {TOOLS[name].how_to_get}" for name in missing)
        if in_ci():
            pytest.fail(f"CI leaves nothing out, and {reason}", pytrace=False)
        pytest.skip(reason)


def _left_out(reporter: pytest.TerminalReporter) -> list[tuple[str, str]]:
    """List (test, reason) of what was collected and not run."""
    reports = reporter.stats.get("skipped", [])
    return sorted((report.nodeid, report.longrepr[2].removeprefix("Skipped: ")) for report in reports if isinstance(report.longrepr, tuple))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if in_ci() and reporter is not None and session.exitstatus == pytest.ExitCode.OK and _left_out(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    left_out = _left_out(terminalreporter)
    if left_out:
        terminalreporter.section("Not run", yellow=True)
        reasons = sorted({reason for _, reason in left_out})
        for reason in reasons:
            terminalreporter.write_line(reason)
            for nodeid in (nodeid for nodeid, why in left_out if why == reason):
                terminalreporter.write_line(f"    {nodeid}")
        if in_ci():
            terminalreporter.write_line("CI=true: nothing may be left out.", red=True)
