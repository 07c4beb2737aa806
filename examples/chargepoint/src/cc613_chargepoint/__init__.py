"""The reference charging application on cc613hal: one complete charge, on the interfaces of the library only."""
