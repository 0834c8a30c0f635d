"""Stripe: Checkout for the page, Billing for pledges, Portal for repairs, signed webhooks."""
