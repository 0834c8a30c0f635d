"""Attempts know when they were last looked at; the books know what came back, and what a correction puts right."""

import django.db.models.deletion
from django.db import migrations, models

KINDS = [
    ("gift", "gift"),
    ("fee", "fee"),
    ("refund", "refund"),
    ("refund back", "refund that came back"),
    ("fee back", "fee returned"),
    ("dispute", "dispute"),
    ("dispute fee", "fee of a dispute"),
    ("dispute won", "dispute won"),
    ("payout", "payout"),
    ("payout back", "payout that came back"),
    ("correction", "correction"),
]


class Migration(migrations.Migration):
    dependencies = [("giving", "0005_receipts_forget_and_letters_wait")]

    # Neither makes SQLite copy a table of the ledger, which would take its triggers away.
    operations = [
        migrations.AddField("attempt", "seen_at", models.DateTimeField(null=True)),
        migrations.AlterField("transaction", "kind", models.CharField(choices=KINDS, max_length=12)),
        migrations.AddField(
            "transaction",
            "corrects",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="corrections",
                to="giving.transaction",
            ),
        ),
    ]
