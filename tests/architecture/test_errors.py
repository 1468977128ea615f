"""The tree of errors, walked: each has an HTTP status, each code a French sentence, and the docstring draws them all."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from string import Formatter

import conventions.errors
from conventions.error_sentences import SENTENCES
from conventions.errors import ContreseingError
from tests.architecture.tree import listing, product_sources, relative, syntax_of


@dataclass(frozen=True)
class CodeUse:
    """A place of the source that gives an error its code, and the details it gives with it (None: not all written there)."""

    code: str
    place: str
    details: frozenset[str] | None


def error_classes() -> list[type[ContreseingError]]:
    """List the whole tree, root first, whatever else has been imported."""
    found = [ContreseingError]
    for error in found:
        found += [child for child in error.__subclasses__() if child not in found and child.__module__ == ContreseingError.__module__]
    return found


def texts_in(expression: ast.expr) -> list[str]:
    """List the texts that an expression may yield: a literal, or each branch of a choice between literals."""
    return [node.value for node in ast.walk(expression) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def code_uses() -> Iterator[CodeUse]:
    """Yield each use of a code: ``code="…"`` of an error, of a function that makes one, or the default of such a function."""
    names = {error.__name__ for error in error_classes()}
    for path in product_sources():
        for node in ast.walk(syntax_of(path)):
            place = f"{relative(path)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call):
                is_error = ast.unparse(node.func).rpartition(".")[2] in names
                given = {keyword.arg for keyword in node.keywords}
                details = frozenset(name for name in given if name) if is_error and None not in given else None
                codes = [text for keyword in node.keywords if keyword.arg == "code" for text in texts_in(keyword.value)]
                yield from (CodeUse(code, place, details) for code in codes if is_error or "." in code)
            elif isinstance(node, ast.arguments):
                defaults = zip(node.kwonlyargs, node.kw_defaults, strict=True)
                codes = [text for argument, default in defaults if argument.arg == "code" and default for text in texts_in(default)]
                yield from (CodeUse(code, relative(path), None) for code in codes)


def test_errors_are_declared_in_one_module() -> None:
    names = {error.__name__ for error in error_classes()}
    elsewhere = [
        f"{relative(path)}:{node.lineno} {node.name}"
        for path in product_sources()
        if relative(path) != "conventions/errors.py"
        for node in ast.walk(syntax_of(path))
        if isinstance(node, ast.ClassDef) and names & {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    ]
    assert not elsewhere, listing(elsewhere)


def test_docstring_draws_every_error() -> None:
    drawing = conventions.errors.__doc__ or ""
    missing = [error.__name__ for error in error_classes() if error.__name__ not in drawing]
    assert not missing, listing(missing)


def test_every_error_has_an_http_status() -> None:
    status_of = importlib.import_module("portal.problems").STATUS_OF
    unmapped = [error.__name__ for error in error_classes() if error not in status_of]
    assert not unmapped, listing(unmapped)
    assert all(400 <= status <= 599 for status in status_of.values())


def test_every_class_has_a_french_sentence_that_needs_no_detail() -> None:
    without = [f"{error.default_code} ({error.__name__})" for error in error_classes() if error.default_code not in SENTENCES]
    assert not without, listing(without)
    asking = [error.default_code for error in error_classes() if "{" in SENTENCES[error.default_code]]
    assert not asking, listing(asking)


def test_every_code_has_a_french_sentence() -> None:
    places = {use.code: use.place for use in code_uses() if use.code not in SENTENCES}
    assert not places, listing([f"{code} ({place})" for code, place in sorted(places.items())])


def test_every_sentence_is_given_the_details_it_names() -> None:
    fields = {code: {name for _, name, _, _ in Formatter().parse(sentence) if name} for code, sentence in SENTENCES.items()}
    lacking = [
        f"{use.place}: {use.code} lacks {', '.join(sorted(fields[use.code] - use.details))}"
        for use in code_uses()
        if use.details is not None and fields.get(use.code, set()) - use.details
    ]
    assert not lacking, listing(lacking)


def test_no_sentence_is_left_without_a_use() -> None:
    used = {use.code for use in code_uses()} | {error.default_code for error in error_classes()}
    sources = {
        text for path in product_sources() if path.name != "sentences.py" for node in ast.walk(syntax_of(path)) for text in constants(node)
    }
    unused = sorted(code for code in SENTENCES if code not in used and code not in sources)
    assert not unused, listing(unused)


def constants(node: ast.AST) -> list[str]:
    """Return the text of a literal, and nothing for another node."""
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
