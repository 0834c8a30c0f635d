"""The group Publishers may sign in to the admin and edit the meter."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GROUP = "Publishers"


def let_publishers_edit(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations have run, which is too late to give them to anybody here.
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    Group = apps.get_model("auth", "Group")
    meter, _ = ContentType.objects.get_or_create(app_label="meter", model="metersettings")
    change, _ = Permission.objects.get_or_create(
        content_type=meter, codename="change_metersettings", defaults={"name": "Can change meter"}
    )
    sign_in = Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin")
    publishers, _ = Group.objects.get_or_create(name=GROUP)
    publishers.permissions.add(change, sign_in)


def take_it_back(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    Permission = apps.get_model("auth", "Permission")
    publishers = apps.get_model("auth", "Group").objects.filter(name=GROUP).first()
    if publishers is not None:
        publishers.permissions.remove(*Permission.objects.filter(codename="change_metersettings"))


class Migration(migrations.Migration):
    dependencies = [
        ("meter", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("wagtailadmin", "0001_create_admin_access_permissions"),
    ]

    operations = [migrations.RunPython(let_publishers_edit, take_it_back)]
