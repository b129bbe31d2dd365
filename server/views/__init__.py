"""What the live pages show, read once for everybody who looks."""
