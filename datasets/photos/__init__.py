"""Real pictures as the simulator and the collages take them: backgrounds, cut-outs, veiled faces."""
