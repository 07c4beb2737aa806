"""Bender CC613 board and its parts: contactor with weld check, residual current monitor, control pilot, I/O extension, supply monitor, for cc613hal."""
