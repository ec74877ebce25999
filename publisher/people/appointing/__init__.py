"""Who is appointed as what: recorded, invited, ended, disabled."""
