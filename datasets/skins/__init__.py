"""Real surfaces for the simulator: scanned goods, printed packs and fruit skins, and what surrounds the cart."""
