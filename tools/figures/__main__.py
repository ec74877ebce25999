"""Print the figures with their ceilings and goals: `python -m tools.figures`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tools.figures import ceilings
from tools.figures.ceilings import Ceilings, Report
from tools.figures.figure import Figure, checkout
from tools.figures.table import FIGURES


def main(arguments: Sequence[str]) -> int:
    """Measure this checkout, and print the table or do what an option says."""
    options = _parser().parse_args(arguments)
    report = ceilings.measure(checkout())
    if options.where:
        print(*report.figures[options.where].places, sep="\n")
        return 0
    if options.lower or options.moved:
        ceilings.write(ceilings.lower(report, ceilings.load(), moved=options.moved))
    return show(report, ceilings.load())


def show(report: Report, limits: Ceilings) -> int:
    """Print the table and what is to be mended; returns 1 if a figure is too high."""
    too_high = ceilings.too_high(report, limits)
    print(*table(report, limits), "", *too_high, *ceilings.too_loose(report, limits), sep="\n")
    return 1 if too_high else 0


def table(report: Report, limits: Ceilings) -> list[str]:
    """The lines of the table, and below it the private words of each package."""
    lines = [f"{'now':>8} {'ceiling':>8} {'goal':>8}"]
    for figure in FIGURES:
        amount, ceiling = report.figures[figure.key].amount, limits.figures.get(figure.key)
        limit = f"{figure.show(ceiling):>8} {_show_goal(figure):>8}"
        verdict = _judge(figure, amount, ceiling)
        lines.append(f"{figure.show(amount):>8} {limit}  {verdict:<8} {figure.label}")
    lines += ["", "private words by package"]
    for package, number in report.packages.items():
        most = limits.packages.get(package, "")
        lines.append(f"{number:>8} {most:>8} {'':>18} {package}")
    return lines


def _show_goal(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    return ("≥ " if figure.at_least else "≤ ") + figure.show(figure.goal)


def _judge(figure: Figure, amount: float, ceiling: float | None) -> str:
    if ceiling is not None and not figure.is_within(amount, ceiling):
        return "TOO HIGH" if not figure.at_least else "TOO LOW"
    if figure.goal is None:
        return ""
    return "reached" if figure.is_within(amount, figure.goal) else "to do"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.figures", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--lower", action="store_true", help="lower the ceilings to what there is")
    which.add_argument(
        "--moved",
        action="store_true",
        help="the same after files moved between packages: their private words go along",
    )
    which.add_argument(
        "--where", choices=[figure.key for figure in FIGURES], help="list what a figure counts"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
