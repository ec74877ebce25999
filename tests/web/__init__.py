"""The counter, attacked: who gets in, what bad input meets, what of a half-written form lives."""
