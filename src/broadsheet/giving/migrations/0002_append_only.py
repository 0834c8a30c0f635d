"""The ledger and the receipts are append-only: the database itself refuses what would rewrite them."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from broadsheet.giving.append_only import lay_on, lift_from

TABLES = ("giving_transaction", "giving_movement", "giving_receipt", "giving_receiptvoid")


def lay(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        lay_on(schema_editor.connection, table)


def lift(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        lift_from(schema_editor.connection, table)


class Migration(migrations.Migration):
    dependencies = [("giving", "0001_initial")]

    operations = [migrations.RunPython(lay, lift)]
