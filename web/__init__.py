"""The Flask application: pages rendered on the server."""
