"""The benches: `make bench`, or one of them by name.

python -m bench                          all of them, and the tables of docs/performance.md
python -m bench pictures                 one of them
python -m bench dispatch --part idle     one part; writes var/bench/ alone
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import figures, live, machines, mail, papers, pictures
from bench.dispatch import PARTS
from bench.figures import PartResult
from bench.setup import bench_setup, say
from tests.support.runs import CHECKOUT

ROUNDS, SIZE = 5, 2_000
OUTPUT_FOLDER = CHECKOUT / "var" / "bench"


def _dispatch(options: argparse.Namespace) -> Sequence[PartResult]:
    with bench_setup(rounds=options.runs, size=options.size) as setup:
        return [PARTS[name](setup, options.database) for name in options.part or PARTS]


def _pictures(options: argparse.Namespace) -> Sequence[PartResult]:
    return [pictures.measure(options.runs)]


def _papers(options: argparse.Namespace) -> Sequence[PartResult]:
    return [papers.measure(options.runs)]


def _live(options: argparse.Namespace) -> Sequence[PartResult]:
    rounds = min(options.runs, live.ROUNDS)
    with bench_setup(rounds=rounds, size=options.size) as setup:
        return [live.measure(setup)]


def _mail(options: argparse.Namespace) -> Sequence[PartResult]:
    return [mail.measure(mail.MAILS if options.size == SIZE else options.size)]


def _machines(options: argparse.Namespace) -> Sequence[PartResult]:
    rounds = min(options.runs, machines.ROUNDS)
    with bench_setup(rounds=rounds, size=options.size, counts_statements=True) as setup:
        return [
            machines.measure_posts(setup),
            machines.measure_pages(setup),
            machines.measure_rows(setup),
        ]


BENCHES: Mapping[str, Callable[[argparse.Namespace], Sequence[PartResult]]] = {
    "dispatch": _dispatch,
    "pictures": _pictures,
    "papers": _papers,
    "live": _live,
    "mail": _mail,
    "machines": _machines,
}


def main(arguments: list[str]) -> int:
    """Run the chosen benchmarks; return 1 if a figure misses its target."""
    options = _parser().parse_args(arguments)
    chosen = [options.bench] if options.bench else ["dispatch"] if options.part else list(BENCHES)
    return max(_run(name, options) for name in chosen)


def _run(name: str, options: argparse.Namespace) -> int:
    results = BENCHES[name](options)
    figures.write(options.out, name, results)
    is_whole = not options.part and (options.runs, options.size) == (ROUNDS, SIZE)
    if is_whole and options.out == OUTPUT_FOLDER:
        figures.write_page(name, results, extent=_extent(name))
    say("\n".join(figures.table(results)))
    return int(any(figure.holds is False for part in results for figure in part.figures))


def _extent(name: str) -> str:
    """Return how much a benchmark measures."""
    match name:
        case "dispatch":
            return f"{ROUNDS} rounds of {SIZE:,}"
        case "live":
            return f"{live.ROUNDS} rounds"
        case "machines":
            return f"{machines.ROUNDS} rounds"
        case "mail":
            return f"{mail.MAILS:,} mails"
        case _:
            return f"{ROUNDS} rounds"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("bench", choices=BENCHES, nargs="?", help="all of them without a name")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="repeatable")
    parser.add_argument("--runs", type=int, default=ROUNDS, help="rounds of each")
    parser.add_argument("--size", type=int, default=SIZE, help="deliveries in a round, or mails")
    parser.add_argument(
        "--database",
        choices=("postgresql", "sqlite"),
        default="postgresql",
        help="what is measured on one database alone",
    )
    parser.add_argument("--out", type=Path, default=OUTPUT_FOLDER, help="folder of the figures")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
