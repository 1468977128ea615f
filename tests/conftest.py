"""What holds for every test: what may be left out or run in part and is then named, the effort of Hypothesis.

``@pytest.mark.needs_tool("poppler", "qpdf")`` names programs of ``tests/tools.py``. Where one is missing the test is left
out and named at the end of the run, with the way to get it. ``left_to_ci`` and ``sampled`` keep the everyday run short; what
they leave is named at its end too. With ``CI=true`` everything is run whole, and nothing may be left out, for any reason.
"""

from __future__ import annotations

import os
from collections import defaultdict
from zlib import crc32

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from tests.scheduling import SharedStart
from tests.tools import TOOLS, in_ci

settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, print_blob=True)
settings.register_profile("deep", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if in_ci() else "quick"))

IN_PART = "in part"
MARKERS = (
    "needs_tool(*names): programs of tests/tools.py without which the test cannot run",
    "left_to_ci(reason): takes long, and is run with CI=true alone; the reason says what stands for it every day",
    "sampled(told='', one_in=1): outside CI does less, as told, or is run for one in so many of its cases",
)


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedStart:
    config.option.loadscopereorder = False
    return SharedStart(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        unknown = {name for marker in item.iter_markers("needs_tool") for name in marker.args} - TOOLS.keys()
        if unknown:
            message = f"{item.nodeid}: needs_tool knows {sorted(TOOLS)}, not {sorted(unknown)}"
            raise pytest.UsageError(message)
    if not in_ci():
        _keep_a_sample(config, items)


def _keep_a_sample(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect most cases of what is ``sampled``, and write on those that stay what part of the whole they are."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sampled"):
            cases[item.nodeid.partition("[")[0]].append(item)
    dropped: set[pytest.Item] = set()
    for whole in cases.values():
        mark = whole[0].get_closest_marker("sampled")
        assert mark is not None
        one_in = mark.kwargs.get("one_in", 1)
        kept = sorted(whole, key=lambda item: crc32(item.nodeid.encode()))[: -(-len(whole) // one_in)]
        dropped.update(set(whole) - set(kept))
        counted = [f"{len(kept)} of {len(whole)} cases"] if len(kept) < len(whole) else []
        for item in kept:
            if mark.args or counted:
                item.user_properties.append((IN_PART, "; ".join([*mark.args, *counted])))
    if dropped:
        items[:] = [item for item in items if item not in dropped]
        config.hook.pytest_deselected(items=list(dropped))


def pytest_runtest_setup(item: pytest.Item) -> None:
    left = item.get_closest_marker("left_to_ci")
    if left is not None and not in_ci():
        pytest.skip(f"left to CI=true: {left.args[0]}")
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


def _in_part(reporter: pytest.TerminalReporter) -> list[tuple[str, str]]:
    """List (test, what was run of it) of what was run in part."""
    reports = [report for outcome in ("passed", "failed", "error") for report in reporter.stats.get(outcome, [])]
    ran = [report for report in reports if isinstance(report, pytest.TestReport)]
    told = {(report.nodeid.partition("[")[0], dict(report.user_properties).get(IN_PART)) for report in ran}
    return sorted((name, str(part)) for name, part in told if part)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if in_ci() and reporter is not None and session.exitstatus == pytest.ExitCode.OK and _left_out(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    in_part = _in_part(terminalreporter)
    if in_part:
        terminalreporter.section("Run in part; CI=true runs the whole")
        for name, part in in_part:
            terminalreporter.write_line(f"{name}: {part}")
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
