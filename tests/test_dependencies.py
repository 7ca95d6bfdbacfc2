"""Every dependency is bounded, documented, tried at its lower bound, and used."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.conftest import REPO

# Imported here, but brought along, and bounded, by the dependency that it is a part of.
BROUGHT = {"py4j": "pyspark"}
# Asked for, but not by name: psycopg by SQLAlchemy's address.
UNNAMED = {"psycopg"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def asked() -> list[Requirement]:
    """What `pyproject.toml` asks for, extras and the build included."""
    about = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))
    project = about["project"]
    extras = project["optional-dependencies"].values()
    lines = about["build-system"]["requires"] + sum(extras, list(project["dependencies"]))
    found = [Requirement(line) for line in lines]
    return [each for each in found if each.name != project["name"]]


def bounds(of: Requirement) -> dict[str, str]:
    """Its version by operator."""
    return {each.operator: each.version for each in of.specifier}


ASKED = asked()


@pytest.mark.parametrize("each", ASKED, ids=str)
def test_a_dependency_has_a_lower_and_an_upper_bound(each: Requirement) -> None:
    assert set(bounds(each)) == {">=", "<"}


def test_each_is_tried_at_its_lower_bound() -> None:
    lines = (REPO / "tests" / "lowest.txt").read_text("utf-8").splitlines()
    lowest = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert lowest == {each.name: bounds(each)[">="] for each in ASKED}


@pytest.mark.parametrize("page", ["dependencies.md", "dependencies.zh-CN.md"])
def test_each_is_documented_with_its_licence_and_bounds(page: str) -> None:
    said = []
    for line in (REPO / "docs" / page).read_text("utf-8").splitlines():
        if line.startswith("| `"):
            name, *_, what_for, licence, specifier = (c.strip(" `") for c in line[1:-1].split("|"))
            assert what_for
            assert re.fullmatch(r"(MIT|BSD|Apache|LGPL|MPL)[\w.-]*( OR BSD-3-Clause)?", licence)
            said.append((name, SpecifierSet(specifier)))
    # The build asks for what the tests ask for as well.
    assert set(said) == {(each.name, each.specifier) for each in ASKED}
    assert len(said) == len(set(said)) + 1, "Ibis alone is asked for twice"


def imported() -> set[str]:
    """Top-level names of what the package imports, other than Python's own and its own."""
    names: set[str] = set()
    for path in (REPO / "qianchuan_guarantee").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {each.name for each in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module or "")
    tops = {name.partition(".")[0] for name in names}
    return tops - set(sys.stdlib_module_names) - {"qianchuan_guarantee"}


def test_what_is_imported_is_asked_for_and_what_is_asked_for_is_imported() -> None:
    owners = packages_distributions()
    used = {canonical(name) for top in imported() for name in owners.get(top, [top])}
    wanted = {canonical(each.name) for each in ASKED}
    assert used - wanted == set(BROUGHT)
    about = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
    extras = about["optional-dependencies"]
    lines = [*about["dependencies"], *extras["spark"], *extras["postgres"]]
    run = {canonical(Requirement(line).name) for line in lines}
    assert run - used == UNNAMED


@pytest.mark.parametrize("name", BROUGHT)
def test_what_is_brought_is_bounded_by_who_brings_it(name: str) -> None:
    wanted = [Requirement(line) for line in requires(BROUGHT[name]) or ()]
    found = [bounds(each).keys() for each in wanted if canonical(each.name) == name]
    assert found in ([{"=="}], [{">=", "<"}])
