"""The reference charging application on cc613hal."""
