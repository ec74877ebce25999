"""The practice Facebook: the part of the Graph API that the product uses."""
