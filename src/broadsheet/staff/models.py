"""No table: only what somebody may be allowed to do."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Desk(models.Model):
    class Meta:
        managed = False
        default_permissions = ()
        permissions = [
            ("help_readers", _("Can help readers with their accounts")),
            ("see_trail", _("Can see who did what")),
        ]
