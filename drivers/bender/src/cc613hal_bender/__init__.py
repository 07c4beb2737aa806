"""Bender CC613 board and its parts, for cc613hal: contactor, residual current monitor, control pilot, I/O extension, supply monitor."""
