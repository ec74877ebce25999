"""The look book shows every macro in every state; these tests examine it in a browser."""
