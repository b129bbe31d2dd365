"""Checkout: bill, till, payments and receipts."""
