"""RFID readers, for cc613hal."""
