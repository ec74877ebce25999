"""Print what the finder found, missed and got wrong in the notices."""

from __future__ import annotations

import sys

from tests.support.notices import count, notices, table

tallies = count(notices())
sys.stdout.write("\n".join(table(tallies)) + "\n")
for kind, tally in tallies.items() if "--each" in sys.argv else ():
    for name, lines in (("missed", tally.misses), ("wrong", tally.errors)):
        sys.stdout.writelines(f"{kind} {name} {line}\n" for line in lines)
