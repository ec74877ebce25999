"""Full packages, façades and import cycles are found, with a sentence that says what to do."""

from __future__ import annotations

import pytest

from tests.house.complaints import complaints_of
from tools.figures import packages
from tools.figures.figure import Tree
from tools.source import Source


def sources(**texts: str) -> list[Source]:
    """Return files by dotted names with `__` for a dot; a name that ends in `__` is a package."""
    paths = {name.replace("__", "/"): text for name, text in texts.items()}
    return [
        Source(f"{path}__init__.py" if path.endswith("/") else f"{path}.py", text)
        for path, text in paths.items()
    ]


def test_a_module_too_many_in_web_is_found() -> None:
    files = sources(web__="", web__a="", web__b="", web__core__="", web__core__c="")
    assert complaints_of("modules_in_web", files, ceiling=2) == []
    assert "package of its feature" in complaints_of("modules_in_web", files, ceiling=1)[0]


def test_a_package_that_is_too_full_is_found() -> None:
    files = sources(web__a="", demo__="", demo__a="", demo__b="", demo__c__="")
    assert packages.fullest_package(Tree(files)).amount == 2
    assert "split the package" in complaints_of("fullest_package", files, ceiling=1)[0]


@pytest.mark.parametrize(
    "text",
    [
        "from web.core.forms import Form",
        "from web.core import forms",
        "import web.core.forms",
        "from .forms import Form",
        "from . import forms",
        "def f() -> None:\n    from web.core.forms import Form",
    ],
)
def test_a_facade_is_found(text: str) -> None:
    (sentence,) = complaints_of("facades", [Source("web/core/__init__.py", text)])
    assert "import each name from the module that defines it" in sentence


def test_other_imports_are_no_facade() -> None:
    text = "from web.core.forms import Form"
    assert complaints_of("facades", sources(web__core__views=text, demo__=text)) == []
    assert complaints_of("facades", [Source("web/core/__init__.py", "import web.corest")]) == []


@pytest.mark.parametrize(
    "text",
    [
        "import web.a",
        "from web import a",
        "from web.a import f",
        "def f() -> None:\n    import web.a",
        "if TYPE_CHECKING:\n    import web.a",
    ],
)
def test_a_circle_of_imports_is_found(text: str) -> None:
    (sentence,) = complaints_of("circles", sources(web__a="import web.b", web__b=text))
    assert "into a module that both import" in sentence


def test_two_models_may_know_each_others_types() -> None:
    ends = ["if TYPE_CHECKING:\n    import publisher.models.a", "import publisher.models.b"]
    files = sources(publisher__models__b=ends[0], publisher__models__a=ends[1])
    assert complaints_of("circles", files) == []


def test_a_circle_through_an_init_at_run_time_is_found() -> None:
    files = sources(
        web__a__="from web.a.x import f",
        web__a__x="import web.b",
        web__b="import web.a.y",
        web__a__y="",
    )
    assert complaints_of("circles", files) == []
    (sentence,) = complaints_of("circles_at_run_time", files)
    assert "empty the `__init__`" in sentence
    (circle,) = packages.circles_at_run_time(Tree(files)).places
    assert circle == "web.a, web.a.x, web.b"


def test_an_init_and_its_own_modules_are_no_circle() -> None:
    files = sources(web__a__="import web.a.x", web__a__x="import web.a.y", web__a__y="")
    assert complaints_of("circles_at_run_time", files) == []


@pytest.mark.parametrize(
    "text",
    ["def f() -> None:\n    import web.a", "if typing.TYPE_CHECKING:\n    import web.a"],
)
def test_an_import_that_does_not_run_at_once_is_no_circle_then(text: str) -> None:
    files = sources(web__a="import web.b", web__b=text)
    assert complaints_of("circles_at_run_time", files) == []
