"""Planted bugs, as patches: a proof that never fails proves nothing, so each must be caught."""
