from __future__ import annotations

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator

from tests.house.complaints import expect_none
from tools.source import Function, Source, everything, read, tracked

FUTURE = "from __future__ import annotations"
# Read by Pythons too old to know this import, to tell their owners so.
WITHOUT_FUTURE = {"tools/setup.py"}
NOQA = re.compile(r"#\s*noqa(?P<codes>:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)?(?P<reason>.*)")
TYPE_IGNORE = re.compile(r"#\s*type:\s*ignore(?P<codes>\[[a-z-]+(,\s*[a-z-]+)*\])?(?P<reason>.*)")
REASON = re.compile(r"[^\W\d_]{2,}.*[^\W\d_]{2,}")  # two words at least


def find_unannotated(source: Source) -> Iterator[str]:
    """Find functions without types for each argument and for the result."""
    for function in source.functions():
        bare = [argument.arg for argument in _arguments(function) if argument.annotation is None]
        bare = [name for name in bare if name not in {"self", "cls"}]
        bare += ["what it gives back"] if function.returns is None else []
        if bare:
            yield f"{source.at(function)} {function.name} does not say: {', '.join(bare)}"


def _arguments(function: Function) -> list[ast.arg]:
    arguments = function.args
    parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return parameters + [extra for extra in (arguments.vararg, arguments.kwarg) if extra]


def has_code(source: Source) -> bool:
    """Return whether a module is more than its docstring."""
    return any(
        not isinstance(getattr(node, "value", None), ast.Constant) for node in source.tree.body
    )


def find_unexplained(source: Source) -> Iterator[str]:
    """Find ignores without a code, or without a reason behind it on the same line."""
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type != tokenize.COMMENT:
            continue
        for pattern in (NOQA, TYPE_IGNORE):
            match = pattern.search(token.string)
            if match and not (match["codes"] and REASON.search(match["reason"])):
                yield f"{source.path}:{token.start[0]} {token.string}"


def find_unexplained_settings(text: str) -> Iterator[str]:
    """Find ignores of ruff and pytest in pyproject.toml without a comment."""
    inside, explained = False, False
    for number, line in enumerate(text.splitlines(), 1):
        opens = re.match(r'(ignore|filterwarnings|"[^"]+") = \[$', line)
        if opens or line.startswith("]"):
            inside, explained = bool(opens), False
        elif inside and line.strip().startswith("#"):
            explained = True
        elif inside and not explained and "#" not in line and line.strip() != '"error",':
            yield f"pyproject.toml:{number} {line.strip()}"


TASKS_THAT_GO_ON = ("before_commit", "messages", "review_reminders", "tick")
CATCHES_ALL = {f"publisher/tasks/{name}.py" for name in TASKS_THAT_GO_ON}
"""Where an error of the tasks, whatever it is, keeps nothing else from being stored or seen."""


def find_unfinished(source: Source) -> Iterator[str]:
    """Find notes of unfinished work, and handlers that catch every exception."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id == "NotImplementedError":
            yield f"{source.at(node)} NotImplementedError"
        catches_all = isinstance(node, ast.ExceptHandler) and _catches_all(node)
        if catches_all and source.path not in CATCHES_ALL:
            yield f"{source.at(node)} catches everything"


def _catches_all(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {name.id for name in caught if isinstance(name, ast.Name)}
    return bool(names & {"Exception", "BaseException"})


def test_every_function_is_annotated() -> None:
    expect_none(problem for source in everything() for problem in find_unannotated(source))


def test_every_module_takes_annotations_from_the_future() -> None:
    sources = [source for source in everything() if source.path not in WITHOUT_FUTURE]
    expect_none(s.path for s in sources if FUTURE not in s.text and has_code(s))


def test_every_ignore_has_a_code_and_a_reason() -> None:
    expect_none(problem for source in everything() for problem in find_unexplained(source))
    assert list(find_unexplained_settings(read("pyproject.toml"))) == []


def test_there_is_no_todo_comment_and_no_catch_all_except() -> None:
    expect_none(problem for source in everything() for problem in find_unfinished(source))


def test_there_is_one_warning_let_through_and_it_is_facebook_sdks() -> None:
    filters = tomllib.loads(read("pyproject.toml"))["tool"]["pytest"]["ini_options"][
        "filterwarnings"
    ]
    assert filters[0] == "error"
    assert [line.rpartition("*")[2] for line in filters[1:]] == ["facebook"]


def test_python_files_were_found() -> None:
    assert {"tests/conftest.py", "tools/setup.py", "publisher/now.py"} <= set(tracked())


def test_each_rule_finds_what_breaks_it() -> None:
    ignores = "x = 1  # noqa: S101  a test asserts\ny = 1  # type: ignore[misc]\nz = 1  # noqa\n"
    assert len(list(find_unexplained(Source("a.py", ignores)))) == 2
    functions = "def f(*a: int, **b) -> None: ...\ndef g(): ...\ndef h() -> None: ..."
    assert len(list(find_unannotated(Source("a.py", functions)))) == 2
    assert list(find_unexplained_settings('ignore = [\n    "E501",\n]\n'))
    handlers = "try: 1\nexcept (OSError, Exception): raise NotImplementedError"
    assert len(list(find_unfinished(Source("a.py", handlers)))) == 2
