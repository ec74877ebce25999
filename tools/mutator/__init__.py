"""Draws small changes of the product by a seed, and asks the tests to notice each."""
