"""Publishers see the money desk and work at it."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PERMISSIONS = [
    ("see_money", "Can see gifts, pledges and the books"),
    ("move_money", "Can enter payments, give money back and end pledges"),
]


def let_publishers_in(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations have run, which is too late to give them to anybody here.
    desk, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label="giving", model="moneydesk")
    publishers, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Publishers")
    for codename, name in PERMISSIONS:
        permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
            content_type=desk, codename=codename, defaults={"name": name}
        )
        publishers.permissions.add(permission)


def let_them_out(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    publishers = apps.get_model("auth", "Group").objects.filter(name="Publishers").first()
    if publishers is not None:
        names = [codename for codename, _ in PERMISSIONS]
        publishers.permissions.remove(
            *apps.get_model("auth", "Permission").objects.filter(content_type__app_label="giving", codename__in=names)
        )


class Migration(migrations.Migration):
    dependencies = [
        ("giving", "0002_append_only"),
        ("meter", "0002_publishers"),
        ("staff", "0002_roles"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="MoneyDesk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
            options={"permissions": PERMISSIONS, "managed": False, "default_permissions": ()},
        ),
        migrations.RunPython(let_publishers_in, let_them_out),
    ]
