"""The commands: one module per subcommand of ``smartcart``."""
