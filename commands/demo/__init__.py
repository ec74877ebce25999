"""`nagarvani demo`: sandbox, web and clock in one terminal, with an invented city."""
