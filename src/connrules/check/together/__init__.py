"""Rules together: what follows from what, who gets in whose way, and timelines that show it (CR5xx)."""
