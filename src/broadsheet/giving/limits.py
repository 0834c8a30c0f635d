"""How often somebody may set out to give: wide for readers, narrow for who tries stolen cards or other people's addresses."""

from __future__ import annotations

from broadsheet.readers.limits import DAY, HOUR, Limit

# In the order they are asked, the narrowest first. Behind one network there may be a whole town.
GIFTS = [
    (Limit("gifts hourly from a network", 300, HOUR), "network"),
    (Limit("gifts daily from a network", 2000, DAY), "network"),
]
GIFTS_OF_AN_ADDRESS = [  # some providers write to it
    (Limit("gifts hourly of an address from a network", 15, HOUR), "address and network"),
    (Limit("gifts hourly of an address", 30, HOUR), "address"),
    *GIFTS,
]
LOOKS = [
    (Limit("looks at a gift", 240, HOUR), "address")
]  # asking the provider, each time the page of thanks is loaded
CHANGES = [(Limit("changes of pledges of an account", 60, HOUR), "address")]
