"""The emergency lane: who is on duty, templates approved beforehand, uses of them, and alerts."""
