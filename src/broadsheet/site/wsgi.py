"""The site as a WSGI application, served on a unix socket behind the gate."""

import gc
import logging
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.site.settings")
application = get_wsgi_application()

# Models can be imported once Django is set up.
from broadsheet.giving.providers import in_use  # noqa: E402
from broadsheet.meter.force import publish_or_complain  # noqa: E402
from broadsheet.newsroom.purge import carry_out_purges  # noqa: E402
from broadsheet.site.hold import hold_release  # noqa: E402

hold_release()
publish_or_complain()
try:
    # The process before this one may have died between a change and its purge, and the gate goes on serving meanwhile.
    carry_out_purges()
except Exception:
    logging.getLogger(__name__).exception("Purges that were left could not be carried out; the worker tries again.")

in_use()  # a payment provider's library is read now, not while somebody waits for the first page to give

# What is loaded now stays: the collector need not walk it again in the middle of a page, nor run often over what pages leave.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
