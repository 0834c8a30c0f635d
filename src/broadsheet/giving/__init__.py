"""Giving: appeals, donations and pledges, receipts, and the books they stand in."""
