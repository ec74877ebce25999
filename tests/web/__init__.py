"""The counter, attacked: who gets in, what bad input meets, and what of a half-written form lives."""
