"""The figures of this project, with the goal of each."""

from __future__ import annotations

from functools import partial

from tools.figures import code, names, packages, sizes
from tools.figures.figure import Figure

FIGURES = (
    Figure(
        "private_words",
        "private words (one, found, said …) among variables and parameters",
        names.private_words,
        "name a value by its noun (`delivery`, `rows`, `message`)",
        goal=2,
        unit=" %",
    ),
    Figure(
        "fillers",
        "fillers (item, value, data, x …) among variables and parameters",
        names.fillers,
        "say what it is instead of `item`, `value` or `data`",
        goal=3,
        unit=" %",
    ),
    Figure(
        "newly_common",
        "names that newly make up 1 % of all variables",
        names.newly_common,
        "call each value by its own noun instead of this one name",
        goal=0,
    ),
    Figure(
        "activity_modules",
        "modules named by a gerund or participle (sandbox, demo and nouns like routing aside)",
        names.activity_modules,
        "name the module by its thing or act (`claim`, `payload`, `reconcile`)",
        goal=12,
    ),
    Figure(
        "bare_participles",
        "of these, modules whose whole name is a participle",
        names.bare_participles,
        "name the module by its thing (`permalinks`, not `pasted`)",
        goal=0,
    ),
    *(
        Figure(
            key,
            f"functions named by a participle, preposition, question, say, tell or hand{aside}",
            partial(names.odd_functions, with_last_prepositions=with_last_prepositions),
            "call it by a verb with its object, or by the noun of what it returns",
            goal=goal,
            unit=" %",
        )
        for key, aside, with_last_prepositions, goal in (
            ("odd_functions", "", True, 6),
            ("odd_functions_without_of", " (`…_of` aside)", False, 4),
        )
    ),
    Figure(
        "repeated_classes",
        "class names defined twice or more (sandbox aside)",
        names.repeated_classes,
        "give the class a name of its own (`ReceiptRow` beside `Receipt`)",
        goal=15,
    ),
    Figure(
        "modules_in_web",
        "modules directly in web/",
        packages.modules_in_web,
        "put the module into the package of its feature",
        goal=12,
    ),
    Figure(
        "fullest_package",
        "modules in the fullest package",
        packages.fullest_package,
        "split the package by feature",
        goal=40,
    ),
    Figure(
        "facades",
        "names that an __init__ imports from its own package",
        packages.facades,
        "leave the `__init__` empty and import each name from the module that defines it",
        goal=60,
    ),
    Figure(
        "median_file",
        "median file in lines (demo, sandbox and files of up to three lines aside)",
        sizes.median_file,
        "merge files that are always opened together",
        goal=130,
        at_least=True,
        step=10,
    ),
    Figure(
        "circles",
        "circles of imports (between two models, TYPE_CHECKING aside)",
        packages.circles,
        "move the shared part into a module that both import",
        goal=0,
    ),
    Figure(
        "circles_at_run_time",
        "circles of imports at run time, through the __init__ of each package",
        packages.circles_at_run_time,
        "empty the `__init__`, or move the shared part into a module that both import",
        goal=0,
    ),
    Figure(
        "nine_in_ten",
        "lines that nine functions in ten do not exceed",
        sizes.nine_in_ten,
        "take steps of the long functions out under names of their own",
        goal=sizes.NINE_IN_TEN,
    ),
    Figure(
        "longest_function",
        "lines of the longest function",
        sizes.longest_function,
        "take its steps out under names of their own",
        goal=sizes.MOST_LINES,
    ),
    Figure(
        "longest_file",
        "lines of the longest file",
        sizes.longest_file,
        "split the file by subject",
        goal=sizes.LONGEST_FILE,
    ),
    Figure(
        "test_names_over_90",
        "tests whose name has more than 90 letters",
        partial(names.long_test_names, letters=90),
        "say it in at most about 70 letters",
        goal=0,
    ),
    Figure(
        "test_names_over_70",
        "tests whose name has more than 70 letters",
        partial(names.long_test_names, letters=70),
        "say it in at most about 70 letters",
    ),
    Figure(
        "city_builders",
        "modules of tests and bench that make departments of their own",
        names.city_builders,
        "use tests/support/city.py; add_department of city_people.py adds one more department",
        goal=1,
    ),
    Figure(
        "code_lines",
        "lines of code (without blank lines, comments, docstrings, demo and sandbox)",
        code.code_lines,
        "delete what nobody feels, or let a library do it",
    ),
    *(
        Figure(key, f"{label} (reported only)", measure, "", has_ceiling=False)
        for key, label, measure in (
            ("template_lines", "lines of templates", partial(code.file_lines, ending=".html")),
            ("text_lines", "lines of mails", partial(code.file_lines, ending=".txt")),
            ("toml_lines", "lines of TOML", partial(code.file_lines, ending=".toml")),
            ("javascript_lines", "lines of JavaScript", partial(code.file_lines, ending=".js")),
            ("tool_lines", "lines of code of the tools", code.tool_lines),
        )
    ),
    Figure(
        "private_used_once",
        "of the code in private functions that are used once",
        code.private_used_once,
        "write the body in place unless the name says more",
        unit=" %",
        goal=13,
    ),
)
