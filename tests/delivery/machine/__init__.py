"""People, clocks, platforms and time in any order; the promises are asked after each step.

`scene` is what every room of it stands on, `ledger` the platforms that remember whatever was done
to them; `desk`, `offices`, `lane`, `inbox` and `clocks` hold what may happen, `promises` what is
asked. A rule `comes` to something, or was in vain: what comes is counted, so that nobody takes a
rule that never came to anything for a proof.
"""
