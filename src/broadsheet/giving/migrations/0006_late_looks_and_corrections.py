"""Attempts know when they were last looked at; the books know what came back, and what a correction puts right."""

import django.db.models.deletion
from django.db import migrations, models

from broadsheet.giving.append_only import lay_on, lift_from

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


def lay_again(apps, schema_editor):
    lift_from(schema_editor.connection, "giving_transaction")
    lay_on(schema_editor.connection, "giving_transaction")


class Migration(migrations.Migration):
    dependencies = [("giving", "0005_receipts_forget_and_letters_wait")]

    # On the way there SQLite copies no table of the ledger, which would take its triggers away; on the way back it does.
    operations = [
        migrations.RunPython(migrations.RunPython.noop, lay_again),
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
