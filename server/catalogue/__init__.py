"""The catalogue: products, prices, labels, money, tax, and the files they come in."""
