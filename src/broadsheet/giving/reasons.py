"""Why a payment failed or was disputed, in words for staff: providers' codes, of which most are Stripe's.

Decline codes and dispute reasons as Stripe documents them (docs.stripe.com, “Decline codes”, “Dispute categories”).
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

_WORDS = {
    # A card, or its bank, says no
    "authentication_required": _("the bank wants the giver to confirm it"),
    "card_declined": _("the card was declined"),
    "card_not_supported": _("the card does not take such payments"),
    "do_not_honor": _("the bank declined without a reason"),
    "expired_card": _("the card has expired"),
    "generic_decline": _("the bank declined without a reason"),
    "incorrect_cvc": _("the security code is wrong"),
    "incorrect_number": _("the number is wrong"),
    "insufficient_funds": _("there is not enough on it"),
    "lost_card": _("the card was reported lost"),
    "pickup_card": _("the card may not be used"),
    "processing_error": _("something failed on the way; another try may work"),
    "stolen_card": _("the card was reported stolen"),
    "try_again_later": _("the bank asks to try again later"),
    # Somebody wants their money back from their bank
    "bank_cannot_process": _("the bank could not process it"),
    "check_returned": _("the cheque came back"),
    "credit_not_processed": _("a refund was promised and did not come"),
    "customer_initiated": _("the giver asked their bank for it"),
    "debit_not_authorized": _("the giver says they did not permit the debit"),
    "duplicate": _("it was paid twice, says the giver"),
    "fraudulent": _("the giver says it was not they who paid"),
    "general": _("no reason was given"),
    "incorrect_account_details": _("the account is wrong"),
    "product_not_received": _("nothing came in return, says the giver"),
    "product_unacceptable": _("it was not as promised, says the giver"),
    "subscription_canceled": _("the giver had cancelled, they say"),
    "unrecognized": _("the giver does not recognise the payment"),
}


def reason_words(reason: str) -> str:
    """What we have no words for stays as the provider said it."""
    return str(_WORDS.get(reason, reason))
