"""Publishers write appeals, and decide of giving."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GROUP = "Publishers"
PERMISSIONS = {
    "appeal": {f"{verb}_appeal": f"Can {verb} appeal" for verb in ("add", "change", "delete", "view")},
    "givingsettings": {"change_givingsettings": "Can change giving"},
}


def let_publishers_ask(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations have run, which is too late to give them to anybody here.
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    publishers, _ = apps.get_model("auth", "Group").objects.get_or_create(name=GROUP)
    for model, named in PERMISSIONS.items():
        kind, _ = ContentType.objects.get_or_create(app_label="giving", model=model)
        for codename, name in named.items():
            permission, _ = Permission.objects.get_or_create(
                content_type=kind, codename=codename, defaults={"name": name}
            )
            publishers.permissions.add(permission)


def take_it_back(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    publishers = apps.get_model("auth", "Group").objects.filter(name=GROUP).first()
    if publishers is not None:
        codenames = [codename for named in PERMISSIONS.values() for codename in named]
        given = apps.get_model("auth", "Permission").objects.filter(
            content_type__app_label="giving", codename__in=codenames
        )
        publishers.permissions.remove(*given)


class Migration(migrations.Migration):
    dependencies = [
        ("giving", "0008_reconciliations"),
        ("meter", "0002_publishers"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(let_publishers_ask, take_it_back)]
