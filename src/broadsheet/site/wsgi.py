"""The site as a WSGI application, served on a unix socket behind the gate."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.site.settings")
application = get_wsgi_application()

from broadsheet.meter.force import publish_or_complain  # noqa: E402 - models can be imported once Django is set up

publish_or_complain()
