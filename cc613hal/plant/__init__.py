"""The simulated physical world behind simulated buses: vehicle, mains, contactor, leakage, heat, lock, meter, cards."""
