"""Names of variables, modules, classes and tests."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tools.figures.figure import Measurement, Tree, count
from tools.source import Function, Source

PRIVATE_WORDS = {
    *("one", "found", "wanted", "said", "told", "given", "seen", "held", "kept", "known"),
    *("asked", "made", "taken", "shown", "happened", "typed", "place", "words"),
}
FILLERS = {
    *("item", "thing", "entry", "element", "obj", "val", "value", "res", "result", "data", "x"),
    *("items", "things", "entries", "elements", "objs", "vals", "values", "results"),
}
# Named so often when counting began; every other name stays under 1 %.
COMMON_NAMES = {
    *("session", "one", "now", "found", "actor", "name", "text", "query", "form"),
    "person",  # a noun of its own: who holds an appointment, signs in and is told
}

NOUNS_IN_ING = {
    *("drafting", "formatting", "monitoring", "numbering", "parsing", "routing", "scheduling"),
    *("throttling", "warning", "string", "ring", "king", "spring", "thing"),
}
NOUNS_IN_ED = {"feed", "need", "seed", "speed", "embed", "bed"}
IRREGULAR_PARTICIPLES = {
    *("begun", "bought", "broken", "chosen", "done", "drawn", "forgotten", "found", "frozen"),
    *("given", "gone", "held", "hidden", "kept", "known", "left", "lost", "made", "said"),
    *("seen", "sent", "shown", "spoken", "taken", "thought", "told", "written"),
}

PREPOSITIONS = {
    *("about", "above", "after", "against", "among", "as", "at", "before", "behind", "below"),
    *("beside", "between", "beyond", "by", "during", "except", "for", "from", "in", "inside"),
    *("into", "of", "off", "on", "onto", "out", "over", "per", "since", "through", "to"),
    *("toward", "under", "until", "up", "upon", "with", "within", "without"),
}
INTERROGATIVES = {"who", "whom", "whose", "what", "which", "when", "where", "why", "how", "whether"}
WORDS_OF_SAYING = {"say", "says", "tell", "tells", "hand", "hands"}


def variables(source: Source) -> Iterator[tuple[str, str]]:
    """Every name that is assigned or is a parameter, without self and cls, with its position."""
    for node in source.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, source.at(node)
        elif isinstance(node, ast.arg) and node.arg not in {"self", "cls"}:
            yield node.arg, source.at(node)


def package_of(source: Source) -> str:
    """The top package, or the package below `publisher` if it lies in one."""
    parts = source.module.split(".")
    below = parts[0] == "publisher" and (len(parts) > 2 or source.is_package)
    return ".".join(parts[:2]) if below else parts[0]


def private_words(tree: Tree) -> Measurement:
    """The share of private words among all variables and parameters."""
    return _share(tree.product, PRIVATE_WORDS)


def fillers(tree: Tree) -> Measurement:
    """The share of words that name anything at all."""
    return _share(tree.product, FILLERS)


def _share(sources: Iterable[Source], words: set[str]) -> Measurement:
    names = [pair for source in sources for pair in variables(source)]
    places = [f"{at} {name}" for name, at in names if name.strip("_") in words]
    return Measurement(round(100 * len(places) / max(len(names), 1), 1), places)


def private_words_by_package(tree: Tree) -> dict[str, int]:
    """How many variables and parameters of each package are private words."""
    by_package: Counter[str] = Counter()
    for source in tree.product:
        private = sum(name.strip("_") in PRIVATE_WORDS for name, _ in variables(source))
        by_package[package_of(source)] += private
    return dict(sorted(by_package.items()))


def newly_common(tree: Tree) -> Measurement:
    """The names that make up 1 % of all variables, and did not when counting began."""
    names = Counter(name for source in tree.product for name, _ in variables(source))
    least = names.total() / 100
    often = [(name, times) for name, times in names.most_common() if times >= least]
    return count([f"{name}: {times}" for name, times in often if name not in {*COMMON_NAMES, "_"}])


def is_gerund(word: str) -> bool:
    """True for "sending"; not for nouns of English such as "routing"."""
    return word.endswith("ing") and word not in NOUNS_IN_ING


def is_participle(word: str) -> bool:
    """True for "restored" and "found"; not for nouns such as "feed"."""
    if word in IRREGULAR_PARTICIPLES:
        return True
    return word.endswith("ed") and word not in NOUNS_IN_ED


def odd_functions(tree: Tree, *, with_last_prepositions: bool) -> Measurement:
    """The share of functions whose name is neither a verb with its object nor a noun.

    A name is odd if its first word is a participle (`kept_secret`), a preposition (`on_duty`) or
    say, tell or hand, or if its first or last word asks (`why_not`). With `with_last_prepositions`
    it is odd too if it ends with a preposition (`digest_of`), which some phrasal verbs do as well.
    """
    functions = [
        (node.name, source.at(node))
        for source in tree.without("sandbox")
        for node in source.nodes
        if isinstance(node, Function) and not node.name.startswith("__")
    ]
    places = [
        f"{at} {name}"
        for name, at in functions
        if _is_odd(words := name.strip("_").split("_"))
        or (with_last_prepositions and len(words) > 1 and words[-1] in PREPOSITIONS)
    ]
    return Measurement(round(100 * len(places) / max(len(functions), 1), 1), places)


def _is_odd(words: list[str]) -> bool:
    first, last = words[0], words[-1]
    return (
        is_participle(first)
        or first in PREPOSITIONS | INTERROGATIVES | WORDS_OF_SAYING
        or last in INTERROGATIVES
    )


def activity_modules(tree: Tree) -> Measurement:
    """The modules and packages whose last word is a gerund or a participle."""
    return count([path for path, name_parts in _module_names(tree) if _is_activity(name_parts[-1])])


def bare_participles(tree: Tree) -> Measurement:
    """The modules and packages whose name is a participle and nothing else."""
    named = _module_names(tree)
    return count(
        [
            path
            for path, name_parts in named
            if len(name_parts) == 1 and is_participle(name_parts[0])
        ]
    )


def _is_activity(word: str) -> bool:
    return is_gerund(word) or is_participle(word)


def _module_names(tree: Tree) -> Iterator[tuple[str, list[str]]]:
    for source in tree.without("sandbox", "demo"):
        yield source.path, source.module.split(".")[-1].strip("_").split("_")


def repeated_classes(tree: Tree) -> Measurement:
    """The class names that are defined twice or more."""
    definitions: defaultdict[str, list[str]] = defaultdict(list)
    for source in tree.without("sandbox"):
        for node in source.nodes:
            if isinstance(node, ast.ClassDef):
                definitions[node.name].append(source.at(node))
    repeated = sorted(name for name, at in definitions.items() if len(at) > 1)
    return count([f"{name}: {', '.join(definitions[name])}" for name in repeated])


def long_test_names(tree: Tree, letters: int) -> Measurement:
    """The tests whose name has more letters than this."""
    places = []
    for source in tree.tests:
        for number, line in enumerate(source.text.splitlines(), 1):
            test = re.match(r"\s*(?:async )?def (test_\w+)", line)
            if test and len(test[1]) > letters:
                places.append(f"{source.path}:{number} {test[1]} ({len(test[1])})")
    return count(places)


def city_builders(tree: Tree) -> Measurement:
    """The modules of the tests and benches that make rows of departments themselves."""
    return count([s.path for s in tree.tests if _makes_departments(s)])


def _makes_departments(source: Source) -> bool:
    if "Department(" not in source.text:
        return False
    return any(name.rpartition(".")[2] == "Department" for _, name in source.calls())
