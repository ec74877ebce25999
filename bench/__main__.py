"""The benches: `make bench`, or one of them by name.

python -m bench dispatch                 everything, and the tables of docs/performance.md
python -m bench dispatch --part idle     one part; writes var/bench/ alone
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench import figures
from bench.dispatch import PARTS
from bench.setup import bench_setup, say
from tests.support.runs import CHECKOUT

ROUNDS, SIZE = 5, 2_000
OUTPUT_FOLDER = CHECKOUT / "var" / "bench"
BENCHES = ("dispatch",)


def main(arguments: list[str]) -> int:
    """Run the chosen benchmarks; return 1 if a figure misses its target."""
    options = _parser().parse_args(arguments)
    chosen = options.part or list(PARTS)
    with bench_setup(rounds=options.runs, size=options.size) as setup:
        results = [PARTS[part_name](setup, options.database) for part_name in chosen]
    figures.write(options.out, options.bench, results)
    is_whole = not options.part and (options.runs, options.size) == (ROUNDS, SIZE)
    if is_whole and options.out == OUTPUT_FOLDER:
        command = f"make bench ONLY={options.bench}"
        figures.write_page(results, command=command, rounds=options.runs, size=options.size)
    say("\n".join(figures.table(results)))
    return int(any(figure.holds is False for part in results for figure in part.figures))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("bench", choices=BENCHES, nargs="?", default=BENCHES[0])
    parser.add_argument("--part", action="append", choices=list(PARTS), help="repeatable")
    parser.add_argument("--runs", type=int, default=ROUNDS, help="rounds of each")
    parser.add_argument("--size", type=int, default=SIZE, help="deliveries in a round")
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
