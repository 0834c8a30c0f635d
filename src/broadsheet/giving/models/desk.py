"""No table: only what somebody may be allowed to do at the money desk."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MoneyDesk(models.Model):
    class Meta:
        managed = False
        default_permissions = ()
        permissions = [
            ("see_money", _("Can see gifts, pledges and the books")),
            ("move_money", _("Can enter payments, give money back and end pledges")),
        ]
