"""A graph as one page for the browser: scopes that open and close, shapes, search."""
