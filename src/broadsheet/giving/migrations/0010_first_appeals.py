"""What a publication asks its readers until the publisher writes something else; nothing before something can be given."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# The house's words (giving/words.py), which follow the language: the long ones below a story, the short ones elsewhere.
SHORT = {
    "heading": "Support {name}",
    "text": (
        "Readers pay for our journalism, so that nobody else decides what we report."
        " Every contribution, big or small, helps."
    ),
}
FIRST = [
    {"place": "end"},
    {"place": "inside", "is_on": False, **SHORT},
    {"place": "wall", **SHORT},
    {"place": "account", **SHORT},
]


def ask(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    Appeal = apps.get_model("giving", "Appeal")
    if not Appeal.objects.exists():
        Appeal.objects.bulk_create(Appeal(**appeal) for appeal in FIRST)


class Migration(migrations.Migration):
    dependencies = [("giving", "0009_publishers_ask")]

    operations = [migrations.RunPython(ask, migrations.RunPython.noop)]
