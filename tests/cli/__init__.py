"""Tests of the `nagarvani` commands, as they are typed in a shell."""
