"""The pages: one module per page, with its addresses and answers."""
