"""Pages of the accounts on the platforms: connect, pause, disconnect."""
