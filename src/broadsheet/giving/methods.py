"""Ways to pay, in words: on receipts and at the money desk."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

# As providers call them. What is not here is said as it came.
METHODS = {
    "bank transfer": gettext_lazy("bank transfer"),
    "cheque": gettext_lazy("cheque"),
    "cash": gettext_lazy("cash"),
    "card": gettext_lazy("card"),
    "sepa_debit": gettext_lazy("SEPA direct debit"),
    "us_bank_account": gettext_lazy("bank debit"),
    "bacs_debit": gettext_lazy("Bacs Direct Debit"),
    "customer_balance": gettext_lazy("bank transfer"),
    "paypal": "PayPal",
    "link": "Link",
    "ideal": "iDEAL",
    "apple_pay": "Apple Pay",
    "google_pay": "Google Pay",
}


def method_words(method: str) -> str:
    return str(METHODS.get(method, method))
