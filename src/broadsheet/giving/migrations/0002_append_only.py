"""The ledger and the receipts are append-only: the database itself refuses what would rewrite them."""

from django.db import migrations

from broadsheet.giving.append_only import lay_triggers, lift_triggers


class Migration(migrations.Migration):
    dependencies = [("giving", "0001_initial")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: lay_triggers(schema_editor.connection),
            lambda apps, schema_editor: lift_triggers(schema_editor.connection),
        )
    ]
