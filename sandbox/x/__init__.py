"""The practice X: version 2 of its HTTP interface, as far as it is called."""
