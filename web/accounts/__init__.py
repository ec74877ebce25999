"""Pages of the accounts on X and Facebook: connect, pause, disconnect."""
