"""Transactions for a backend: from when until when they last, what is measured and signed in them, and what is owed about them."""
