"""The counter: pages for people, rendered on the server."""
