"""Accounts: one table for readers and staff; an e-mail address is the only name they need."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils.translation import gettext_lazy as _

from broadsheet import clock


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An account for `email`; without a password it is opened by codes sent to the address."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody with an account. `is_staff` opens the newsroom's admin, as far as groups allow."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=clock.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("account")

    def __str__(self) -> str:
        return self.get_full_name()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.password:  # Django takes an empty one for a password that is set
            self.set_unusable_password()
        super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email.partition("@")[0]


# Here and not in Meta, where it would be a migration: Django's guess, a name with an s, cannot be translated.
User._meta.verbose_name_plural = _("accounts")


class Purpose(models.TextChoices):
    """What a code proves when it is typed in."""

    SIGN_IN = "sign-in", _("signing in")
    CONFIRM = "confirm", _("confirming that it is you")
    NEW_ADDRESS = "new-address", _("changing the address")


class SentCodes(models.QuerySet["SentCode"]):
    def take_try(self, id_: str, now: datetime) -> bool:
        """Use up a try of a code that can still be typed in. One statement: parallel tries never exceed the limit."""
        return bool(
            self.filter(id=id_, used_at=None, expires_at__gt=now, tries__lt=MOST_TRIES).update(
                tries=models.F("tries") + 1
            )
        )

    def use(self, id_: str, digest: str, now: datetime) -> bool:
        """Use the code up: True for exactly one of those who try, and only while these digits are the last sent."""
        return bool(self.filter(id=id_, digest=digest, used_at=None).update(used_at=now))

    def take_sending(self, id_: str, now: datetime) -> bool:
        """Claim the right to send once more; True for one caller a minute."""
        due = now - SEND_AGAIN_AFTER
        return bool(self.filter(id=id_, used_at=None, sent_at__lte=due).update(sent_at=now))


MOST_TRIES = 5
VALID_FOR = timedelta(minutes=10)
SEND_AGAIN_AFTER = timedelta(minutes=1)


class SentCode(models.Model):
    """Six digits on their way to an address. The browser that asked holds `id` in its session; nobody else can use it.

    There is no account in it: for signing in, the account is looked up, or made, once the code has proved the address.
    """

    id = models.CharField(primary_key=True, max_length=32, editable=False)
    purpose = models.CharField(max_length=16, choices=Purpose)
    email = models.EmailField()
    digest = models.CharField(max_length=64)  # keyed; the digits themselves are only in the mail
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    objects: ClassVar[SentCodes] = SentCodes.as_manager()  # type: ignore[assignment]

    def can_be_typed_at(self, now: datetime) -> bool:
        return self.used_at is None and self.tries < MOST_TRIES and now < self.expires_at

    def can_be_sent_again_at(self, now: datetime) -> bool:
        return self.used_at is None and now - self.sent_at >= SEND_AGAIN_AFTER

    def is_on_its_way_to(self, email: str) -> bool:
        """A form sent twice, or a page loaded anew: one mail a minute is enough."""
        return self.email == email and self.used_at is None and not self.can_be_sent_again_at(clock.now())

    @property
    def tries_left(self) -> int:
        return max(0, MOST_TRIES - self.tries)


class Entitlement(models.Model):
    """What an account may open beyond being registered, from one source (giving, subscriptions …): one row each."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="entitlements")
    source = models.CharField(max_length=20)
    reader_class = models.CharField(max_length=12)  # of `core.meter.ReaderClass`
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, db_index=True)  # null: until it is ended

    class Meta:
        verbose_name = _("entitlement")
        constraints = [models.UniqueConstraint(fields=["user", "source"], name="one_entitlement_a_source")]


Entitlement._meta.verbose_name_plural = _("entitlements")
