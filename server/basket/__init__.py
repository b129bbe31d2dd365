"""The basket of a session and the fold that computes it. Pure."""
