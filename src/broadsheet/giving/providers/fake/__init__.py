"""A payment provider that takes no money: for the demo edition, and for trying everything that can go wrong."""
