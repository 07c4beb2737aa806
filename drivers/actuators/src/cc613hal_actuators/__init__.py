"""Plug lock actuators of Küster, Walther, Scame and HARTING, and a generic one, for cc613hal."""
