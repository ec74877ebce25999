"""How often an account may still publish: learned from answers, capped by us, for all clocks."""
