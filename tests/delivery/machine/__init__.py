"""A Hypothesis state machine of people, clocks, platforms and time, with invariants.

`city_machine` is the base class, and `ledger` holds platforms that record every action. The rules
are in `post_rules`, `appointment_rules`, `emergency_rules`, `inbox_rules`, `clock_rules`,
`undo_rules`, `submission_rules` and `restore_rules`; the invariants are in `delivery_invariants`,
`comment_invariants`, `submission_rules` and `drain`.
Actions that succeed are counted, since a rule that never succeeds proves nothing.
"""
