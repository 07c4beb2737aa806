"""Indicators of the HMI, for cc613hal."""
