"""Receipts may forget a name, in the one way the database lets through; letters to donors wait in rows."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from broadsheet.giving.append_only import RECEIPTS, lay_on, lift_from


def lift(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    lift_from(schema_editor.connection, RECEIPTS)


def lay_plain(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    lay_on(schema_editor.connection, RECEIPTS)


def lay_erasable(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    lay_on(schema_editor.connection, RECEIPTS, erasable=True)


KINDS = [
    ("failed", "payment failed"),
    ("lapsed", "pledge lapsed"),
    ("ended", "pledge cancelled"),
    ("changed", "pledge changed"),
    ("paused", "pledge paused"),
    ("resumed", "pledge resumed"),
    ("returned", "money given back"),
    ("reissued", "receipt issued anew"),
]


class Migration(migrations.Migration):
    dependencies = [("giving", "0004_disputes")]

    operations = [
        migrations.RunPython(lift, lay_plain),  # SQLite makes the table anew, and its triggers would go with it
        migrations.AddField("receipt", "erasures", models.PositiveSmallIntegerField(default=0)),
        migrations.AddIndex(
            "receipt",
            models.Index(fields=["year"], name="receipts_with_names", condition=models.Q(erasures=0)),
        ),
        migrations.RunPython(lay_erasable, lift),
        migrations.CreateModel(
            name="GivingLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=200, unique=True)),
                ("kind", models.CharField(choices=KINDS, max_length=8)),
                ("told", models.JSONField(default=dict)),
                ("written_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "donation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
                        to="giving.donation",
                    ),
                ),
                (
                    "donor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="letters", to="giving.donor"
                    ),
                ),
                (
                    "pledge",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
                        to="giving.pledge",
                    ),
                ),
            ],
            options={
                "verbose_name": "letter to a donor",
                "indexes": [
                    models.Index(fields=["due_at"], name="letters_due", condition=models.Q(due_at__isnull=False))
                ],
            },
        ),
    ]
