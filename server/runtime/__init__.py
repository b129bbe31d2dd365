"""What a server process stands on: listening, clock, periodic tasks, logs, metrics."""
