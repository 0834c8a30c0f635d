"""What the publisher decides of giving: one row, edited under Settings → Giving."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, HelpPanel, MultiFieldPanel
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting

from broadsheet.core import iban
from broadsheet.core.money import CURRENCIES, Fault, FeeTerms, Money, NotAnAmount, parse
from broadsheet.giving import words
from broadsheet.giving.house_words import HouseWordsForm
from broadsheet.giving.models.appeals import APPEALS_TAG
from broadsheet.giving.models.gifts import Frequency
from broadsheet.giving.models.money_fields import MinorField
from broadsheet.newsroom.purge import purge

MOST_SUGGESTED = 6
IS_OPEN_TAG = "giving-is-open"  # of every page that says where to give


def known_currency(code: str) -> None:
    if code not in CURRENCIES:
        raise ValidationError(_("“%(code)s” is no currency; use three letters, such as EUR.") % {"code": code})


@register_setting(icon="tag", order=115)
class GivingSettings(BaseGenericSetting):
    """`once_amounts` and its siblings hold what the publisher typed: amounts in major units, apart by spaces or semicolons."""

    on = models.BooleanField(
        _("readers can give"), default=True, help_text=_("Off: no appeals, and the donation page says so.")
    )
    currency = models.CharField(
        _("currency"), max_length=3, default="EUR", validators=[known_currency], help_text=_("Three letters: EUR.")
    )
    once_amounts = models.CharField(_("suggested once"), max_length=80, default="10 25 50 100")
    monthly_amounts = models.CharField(_("suggested monthly"), max_length=80, default="5 10 15 25")
    yearly_amounts = models.CharField(_("suggested yearly"), max_length=80, default="50 100 150 250")
    first_frequency = models.CharField(_("chosen at first"), max_length=8, choices=Frequency, default=Frequency.MONTHLY)
    least = models.CharField(_("least gift"), max_length=20, default="1")
    most = models.CharField(_("largest gift"), max_length=20, default="10000")
    can_cover_fees = models.BooleanField(
        _("readers may add the fee"),
        default=True,
        help_text=_("A box to tick, which says what it adds. Never ticked at first."),
    )
    fee_basis_points = models.PositiveSmallIntegerField(
        _("fee, hundredths of a percent"),
        default=150,
        validators=[MaxValueValidator(2000)],
        help_text=_("What your payment provider keeps: 150 is 1.5 percent."),
    )
    fee_fixed_minor = MinorField(
        _("and for each payment"),
        default=25,
        validators=[MinValueValidator(0), MaxValueValidator(10_000)],
        help_text=_("In the smallest unit of the currency: 25 cents are 25."),
    )
    once_supports_days = models.PositiveSmallIntegerField(
        _("a gift makes a supporter for so many days"),
        default=365,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_(
            "With an account. A browser without one is known for 35 days. A pledge makes a supporter while it lasts."
        ),
    )

    page_heading = models.CharField(
        _("donation page: heading"), max_length=120, default=words.PAGE_HEADING, validators=[words.may_hold_the_name]
    )
    page_text = models.TextField(
        _("donation page: text"), max_length=1200, default=words.PAGE_TEXT, validators=[words.may_hold_the_name]
    )
    thanks_heading = models.CharField(
        _("thanks: heading"), max_length=120, default=words.THANKS_HEADING, validators=[words.may_hold_the_name]
    )
    thanks_text = models.TextField(
        _("thanks: text"), max_length=1200, default=words.THANKS_TEXT, validators=[words.may_hold_the_name]
    )

    # On receipts
    entity_name = models.CharField(
        _("legal entity"),
        max_length=120,
        blank=True,
        help_text=_("Who receives the money. Empty: the publication's name."),
    )
    entity_address = models.TextField(_("its address"), max_length=300, blank=True)
    entity_registration = models.CharField(
        _("registration or tax number"), max_length=120, blank=True, help_text=_("As it is to stand on receipts.")
    )
    receipt_prefix = models.CharField(
        _("receipt numbers begin with"),
        max_length=12,
        blank=True,
        help_text=_("Before the year and the number: HERALD-2026-00042."),
    )
    receipt_note = models.TextField(
        _("at the foot of receipts"), max_length=600, blank=True, help_text=_("What the law wants said.")
    )
    receipts_kept_years = models.PositiveSmallIntegerField(
        _("receipts are kept for so many years"), default=10, validators=[MinValueValidator(1), MaxValueValidator(30)]
    )

    # For gifts by bank transfer
    bank_holder = models.CharField(_("account holder"), max_length=120, blank=True)
    bank_iban = models.CharField(_("IBAN or account number"), max_length=50, blank=True)
    bank_bic = models.CharField(_("BIC"), max_length=20, blank=True)
    bank_note = models.TextField(
        _("more about paying"), max_length=600, blank=True, help_text=_("Cheques, cash, another bank: in your words.")
    )

    base_form_class = HouseWordsForm
    panels = [
        HelpPanel(template="giving/admin/settings_help.html"),
        MultiFieldPanel([FieldPanel("on"), FieldPanel("currency")], _("Giving")),
        MultiFieldPanel(
            [
                FieldPanel("first_frequency"),
                FieldPanel("once_amounts"),
                FieldPanel("monthly_amounts"),
                FieldPanel("yearly_amounts"),
                FieldRowPanel([FieldPanel("least"), FieldPanel("most")]),
            ],
            _("Amounts"),
            help_text=_(
                "Up to six suggestions each, apart by spaces, in the order they are to stand. Readers may always give another."
            ),
        ),
        MultiFieldPanel(
            [FieldPanel("page_heading"), FieldPanel("page_text")],
            _("Words of the donation page"),
            help_text=_("{name} is the publication's. An empty line begins a new paragraph."),
        ),
        MultiFieldPanel([FieldPanel("thanks_heading"), FieldPanel("thanks_text")], _("Words of thanks")),
        MultiFieldPanel([FieldPanel("once_supports_days")], _("Supporters")),
        MultiFieldPanel(
            [
                FieldPanel("can_cover_fees"),
                FieldRowPanel([FieldPanel("fee_basis_points"), FieldPanel("fee_fixed_minor")]),
            ],
            _("What a payment costs"),
        ),
        MultiFieldPanel(
            [
                FieldPanel("entity_name"),
                FieldPanel("entity_address"),
                FieldPanel("entity_registration"),
                FieldRowPanel([FieldPanel("receipt_prefix"), FieldPanel("receipts_kept_years")]),
                FieldPanel("receipt_note"),
            ],
            _("Receipts"),
            help_text=_("They go on every receipt from now on; those that were issued stay as they are."),
        ),
        MultiFieldPanel(
            [
                FieldPanel("bank_holder"),
                FieldRowPanel([FieldPanel("bank_iban"), FieldPanel("bank_bic")]),
                FieldPanel("bank_note"),
            ],
            _("Bank transfer, cheque, cash"),
            help_text=_(
                "Offered where PAYMENTS names “manual”, once there is an account number or a word about paying."
            ),
        ),
    ]

    class Meta:
        verbose_name = _("giving")

    @classmethod
    def ours(cls) -> GivingSettings:
        """The row, or its defaults where nobody has saved one yet."""
        return cls.objects.order_by("pk").first() or cls()

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            super().save(*args, **kwargs)
            purge([APPEALS_TAG, IS_OPEN_TAG])

    def clean(self) -> None:
        super().clean()
        faults: dict[str, Any] = {}
        for name in ("once_amounts", "monthly_amounts", "yearly_amounts", "least", "most"):
            try:
                self._read(name)
            except (NotAnAmount, KeyError):
                faults[name] = _("“%(text)s” cannot be read as amounts in %(currency)s.") % {
                    "text": getattr(self, name),
                    "currency": self.currency,
                }
        if not faults:
            if self.least_gift.amount_minor < 1 or self.most_gift < self.least_gift:
                faults["most"] = _("The largest gift is no less than the least, and that is more than nothing.")
            for frequency in Frequency:
                name = f"{frequency}_amounts"
                suggested = self.suggested(frequency)
                if not 1 <= len(suggested) <= MOST_SUGGESTED:
                    faults[name] = _("Between one and %(most)d amounts.") % {"most": MOST_SUGGESTED}
                elif any(not self.least_gift <= amount <= self.most_gift for amount in suggested):
                    faults[name] = _("Between the least and the largest gift.")
        account = iban.compact(self.bank_iban)
        if iban.looks_like_one(account) and not iban.is_iban(account):  # every reader's transfer would go astray
            faults["bank_iban"] = _("There is a slip in this IBAN: its check digits do not fit.")
        if faults:
            raise ValidationError(faults)

    def suggested(self, frequency: Frequency) -> list[Money]:
        """As the publisher ordered them."""
        return self._read(f"{frequency}_amounts")

    @property
    def least_gift(self) -> Money:
        return self._read("least")[0]

    @property
    def most_gift(self) -> Money:
        return self._read("most")[0]

    @property
    def fee_terms(self) -> FeeTerms:
        return FeeTerms(self.fee_basis_points, self.fee_fixed_minor)

    @property
    def fixed_fee(self) -> Money:
        return Money(self.fee_fixed_minor, self.currency)

    def _read(self, name: str) -> list[Money]:
        parts = [part for part in re.split(r"[;\s]+", getattr(self, name).strip()) if part]
        if not parts:
            raise NotAnAmount(Fault.NOT_A_NUMBER, "", self.currency)
        return [parse(part, self.currency) for part in parts]
