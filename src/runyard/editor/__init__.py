"""What the editor asks of the server: language servers, linters, formatters, snippets."""
