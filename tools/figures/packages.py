"""Packages: how many modules lie in one, façades, and circles of imports."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from tools.figures.figure import Measurement, Tree, count
from tools.source import Function, Source

Import = ast.Import | ast.ImportFrom
Graph = dict[str, set[str]]


def modules_in_web(tree: Tree) -> Measurement:
    """The modules that lie directly in `web`."""
    return count([s.path for s in tree.product if not s.is_package and _package(s) == "web"])


def fullest_package(tree: Tree) -> Measurement:
    """The number of modules in the package that has most, subpackages aside."""
    sizes = Counter(_package(s) for s in tree.product if not s.is_package)
    places = [f"{package}: {size}" for package, size in sizes.most_common(5)]
    return Measurement(max(sizes.values(), default=0), places)


def _package(source: Source) -> str:
    return source.module if source.is_package else source.module.rpartition(".")[0]


def facades(tree: Tree) -> Measurement:
    """The names that an `__init__` imports from inside its own package."""
    return count([name_at for source in tree.product for name_at in facade_names(source)])


def facade_names(source: Source) -> Iterator[str]:
    """These names of a single file, with their positions."""
    if not source.is_package:
        return
    for node in source.nodes:
        if isinstance(node, Import):
            for base, name in _names(source, node):
                if f"{base}.".startswith(f"{source.module}."):
                    yield f"{source.at(node)} {name or base}"


def circles(tree: Tree) -> Measurement:
    """The groups of modules that import one another, in functions and under TYPE_CHECKING too."""
    return _circles(import_graph(tree.product))


def circles_at_run_time(tree: Tree) -> Measurement:
    """The groups of modules that run one another while Python imports them."""
    return _circles(run_time_graph(tree.product))


def import_graph(sources: list[Source]) -> Graph:
    """Each module with those it imports anywhere.

    Two models may name one another's types under TYPE_CHECKING: a relationship has two ends.
    """
    modules = {source.module for source in sources}
    graph: Graph = {}
    for source in sources:
        run = {id(node) for node in _imports([source.tree], in_functions=True)}
        graph[source.module] = {
            target
            for node in source.nodes
            if isinstance(node, Import)
            for target in _targets(source, node, modules)
            if id(node) in run or not (_is_model(source.module) and _is_model(target))
        }
    return graph


def _is_model(module: str) -> bool:
    return module.startswith("publisher.models.")


def run_time_graph(sources: list[Source]) -> Graph:
    """Each module with those Python runs for it: imports at its top, and their packages.

    Importing a.b.c runs a/__init__ and a/b/__init__ first. The importer's own packages
    are left out, because they run already.
    """
    modules = {source.module for source in sources}
    graph: Graph = {}
    for source in sources:
        graph[source.module] = run = set()
        for node in _imports([source.tree], in_functions=False):
            for target in _targets(source, node, modules):
                own = {source.module, *_parents(source.module)}
                run |= {target} | ({*_parents(target)} - own) & modules
    return graph


def _imports(nodes: Iterable[ast.AST], *, in_functions: bool) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, Import):
            yield node
        elif isinstance(node, ast.If) and _is_type_checking(node.test):
            yield from _imports(node.orelse, in_functions=in_functions)
        elif in_functions or not isinstance(node, Function | ast.Lambda):
            yield from _imports(ast.iter_child_nodes(node), in_functions=in_functions)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _names(source: Source, node: Import) -> Iterator[tuple[str, str]]:
    """The module of each imported name with the name: ("a.b", "c"); "" for `import a.b`."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        parts = _package(source).split(".")
        base = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [base])])
    yield from ((base, alias.name) for alias in node.names)


def _targets(source: Source, node: Import, modules: set[str]) -> Iterator[str]:
    for base, name in _names(source, node):
        target = f"{base}.{name}" if f"{base}.{name}" in modules else base
        if target in modules and target != source.module:
            yield target


def _parents(module: str) -> Iterator[str]:
    parts = module.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts)))


def _circles(graph: Graph) -> Measurement:
    reached = {module: _reached(graph, module) for module in graph}
    groups = {
        frozenset(other for other in reached[module] if module in reached[other])
        for module in graph
        if module in reached[module]
    }
    return count([", ".join(sorted(group)) for group in groups])


def _reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    reached: set[str] = set()
    ahead = [*graph[start]]
    while ahead:
        module = ahead.pop()
        if module not in reached:
            reached.add(module)
            ahead += graph[module]
    return reached
