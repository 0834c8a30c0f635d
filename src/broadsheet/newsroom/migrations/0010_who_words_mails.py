"""Whoever sets up the publication also words its mails, and editors see to its plain pages as to any page."""

from django.db import migrations


def give(apps, schema_editor):
    kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="newsroom", model="mailwords"
    )
    # Django makes permissions only after all migrations; made here, it is the same row.
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename="change_mailwords", defaults={"name": "Can change mails"}
    )
    publishers, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Publishers")
    publishers.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("newsroom", "0009_own_dress_and_plain_pages"),
        ("wagtailadmin", "0001_create_admin_access_permissions"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
