"""The emergency lane: templates approved beforehand, uses of them, and alerts."""
