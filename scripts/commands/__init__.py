"""The commands: one module a subcommand of ``smartcart``."""
