"""Collages: real cut-outs of goods and hands on real pictures, as pictures and as clips."""
