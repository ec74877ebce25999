"""How often an account may still publish: learned from answers, capped by us, for all clocks."""

from __future__ import annotations

from publisher.press.limits.asking import Moment, free_at, is_free, tick_limits, why_not
from publisher.press.limits.caps import CAP, recount, sent_in_a_day
from publisher.press.limits.counting import OF, give_back, reserve, spend
from publisher.press.limits.learning import learn

__all__ = [
    "CAP",
    "OF",
    "Moment",
    "free_at",
    "give_back",
    "is_free",
    "learn",
    "recount",
    "reserve",
    "sent_in_a_day",
    "spend",
    "tick_limits",
    "why_not",
]
