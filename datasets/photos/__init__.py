"""Real pictures for the simulator and the collages: backgrounds, cut-outs, anonymised faces."""
