"""The judge: from tracks to what was put in and taken out."""
