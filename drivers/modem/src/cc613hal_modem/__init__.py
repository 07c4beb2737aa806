"""Cellular modems by AT commands, for cc613hal."""
