"""Crashes and faults under real processes: the sandbox's own ledger is the judge."""
