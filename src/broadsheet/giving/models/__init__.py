"""The nouns of giving. Each file holds the shape of one; what crosses rows is an act."""

from broadsheet.giving.models.appeals import APPEALS_TAG, Appeal, Place
from broadsheet.giving.models.desk import MoneyDesk
from broadsheet.giving.models.disputes import Dispute
from broadsheet.giving.models.donors import Customer, Donor
from broadsheet.giving.models.events import ProviderEvent
from broadsheet.giving.models.gifts import (
    Attempt,
    AttemptState,
    Donation,
    EndReason,
    Frequency,
    Pledge,
    PledgeChange,
    PledgeState,
)
from broadsheet.giving.models.ledger import Kind, Movement, Transaction
from broadsheet.giving.models.letters import GivingLetter, LetterKind
from broadsheet.giving.models.receipts import Receipt, ReceiptSeries, ReceiptVoid
from broadsheet.giving.models.reconciliations import Reconciliation
from broadsheet.giving.models.settings import IS_OPEN_TAG, GivingSettings

__all__ = [
    "APPEALS_TAG",
    "IS_OPEN_TAG",
    "Appeal",
    "Attempt",
    "AttemptState",
    "Customer",
    "Dispute",
    "Donation",
    "Donor",
    "EndReason",
    "Frequency",
    "GivingLetter",
    "GivingSettings",
    "Kind",
    "LetterKind",
    "MoneyDesk",
    "Movement",
    "Place",
    "Pledge",
    "PledgeChange",
    "PledgeState",
    "ProviderEvent",
    "Receipt",
    "ReceiptSeries",
    "ReceiptVoid",
    "Reconciliation",
    "Transaction",
]
