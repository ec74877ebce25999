"""The sandbox's X: the part of version 2 of its API that the product uses."""
