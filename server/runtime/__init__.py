"""The base of a server process: listening, clock, periodic tasks, logs, metrics."""
