"""The sandbox's Facebook: the part of the Graph API that the product uses."""
