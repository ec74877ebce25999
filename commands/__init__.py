"""What the front door's commands do; `cli.py` reads the command line and calls them."""
