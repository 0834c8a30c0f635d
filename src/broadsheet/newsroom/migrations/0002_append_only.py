"""The version ledger is append-only: the database itself refuses what would rewrite it.

The one change let through is an erasure ordered by law: it counts itself and touches nothing but the content, and the seals
still have to fit (`broadsheet.newsroom.versions.verify_chain`).
"""

from django.db import migrations

from broadsheet.newsroom.append_only import lay_triggers, lift_triggers


class Migration(migrations.Migration):
    dependencies = [("newsroom", "0001_initial")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: lay_triggers(schema_editor.connection),
            lambda apps, schema_editor: lift_triggers(schema_editor.connection),
        )
    ]
