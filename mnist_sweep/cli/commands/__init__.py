"""One module for each command, each with one `main`."""
