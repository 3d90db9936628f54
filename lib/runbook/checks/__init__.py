"""Read-only questions about the systems: a module for each system, and the pure rules they decide by."""
