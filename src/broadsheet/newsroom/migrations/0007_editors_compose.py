"""Editors compose the front page, and so do publishers where there are any."""

from django.db import migrations

GROUPS = ("Editors", "Publishers")


def let_them_compose(apps, schema_editor):
    # Permissions are otherwise made after all migrations have run, which is too late to give them to anybody here.
    kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="newsroom", model="composition"
    )
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind,
        codename="change_composition",
        defaults={"name": "Can change composition of the front page"},
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=GROUPS):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("newsroom", "0006_front_compositions")]

    operations = [migrations.RunPython(let_them_compose, migrations.RunPython.noop)]
