"""The bench inside the guest: simulated hardware on the kernel's side, in the hands of the test on the other."""
