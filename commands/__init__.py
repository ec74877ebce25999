"""The commands of `nagarvani`; `cli.py` parses the command line and calls them."""
