"""What other parts may hear of accounts. All are sent after the change is committed.

Payload, beside `sender` (the User class) and `signal`:

    registered      user: User, came_from: str            a new account; its address is proved. `came_from`: the path
                                                          of ours they registered on, and return to
    signed_in       user: User, request: HttpRequest      by code or password; after `registered` for a new account
    address_proved  user: User                            an account has another address, and it is proved to be its own
    signed_out      user_id: int, session_key: str        by the reader, from the list of sessions, with the account
    account_erased  user_id: int                          the account is gone, what is kept is without a name
    merging         kept: User, other: User               inside the transaction, before `other` is deleted: move what
                                                          you hold of it
    entitlement_changed  user: User                       inside the transaction of the change
"""

from django.dispatch import Signal

registered = Signal()
signed_in = Signal()
address_proved = Signal()
signed_out = Signal()
account_erased = Signal()
merging = Signal()
entitlement_changed = Signal()
