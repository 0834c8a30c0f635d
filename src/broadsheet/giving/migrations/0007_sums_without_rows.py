"""Sums over the ledger read an index and no rows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("giving", "0006_late_looks_and_corrections")]

    operations = [
        migrations.RemoveIndex("movement", "movements_by_debit"),
        migrations.RemoveIndex("movement", "movements_by_credit"),
        migrations.AddIndex(
            "movement",
            models.Index(fields=["currency", "debit", "credit", "at", "amount_minor"], name="movements_by_account"),
        ),
        migrations.AddIndex("movement", models.Index(fields=["at"], name="movements_by_time")),
    ]
