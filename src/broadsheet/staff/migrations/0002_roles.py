"""What reporters, editors and publishers may do. Whoever was given more, or less, by hand before keeps that for other groups."""

from django.db import migrations

OWN_DRAFTS_ONLY = ["change_page"]  # with add_page alone, Wagtail lets an author edit what they began
DESK = ("staff", "desk")
PUBLICATION = ("newsroom", "publication")
ACCOUNT = ("readers", "user")


def give(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    reporters, editors, publishers = (
        Group.objects.get_or_create(name=name)[0] for name in ("Reporters", "Editors", "Publishers")
    )
    _narrow_reporters(apps, reporters)
    editors.permissions.add(_permission(apps, *DESK, "help_readers"))
    publishers.permissions.add(
        *_permissions(apps, "wagtailadmin", "access_admin"),
        _permission(apps, *PUBLICATION, "change_publication"),
        *(_permission(apps, *ACCOUNT, f"{verb}_user") for verb in ("add", "change", "delete", "view")),
        *(_permission(apps, *DESK, name) for name in ("help_readers", "see_trail")),
    )
    editors.permissions.remove(_permission(apps, *PUBLICATION, "change_publication"))


def _narrow_reporters(apps, reporters):
    """They write, and an editor takes it from there: colleagues' drafts, and deleting pictures, are not theirs."""
    apps.get_model("wagtailcore", "GroupPagePermission").objects.filter(
        group=reporters, permission__codename__in=OWN_DRAFTS_ONLY
    ).delete()
    for name in ("image", "document"):
        reporters.permissions.remove(
            *apps.get_model("auth", "Permission").objects.filter(codename=f"delete_{name}")
        )


def _permissions(apps, app, codename):
    return apps.get_model("auth", "Permission").objects.filter(content_type__app_label=app, codename=codename)


def _permission(apps, app, model, codename):
    # Django makes permissions only after all migrations; made here, they are the same rows.
    kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label=app, model=model)
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename=codename, defaults={"name": NAMES.get(codename, f"Can {codename.replace('_', ' ')}")}
    )
    return permission


NAMES = {"help_readers": "Can help readers with their accounts", "see_trail": "Can see who did what"}


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0001_initial"),
        ("newsroom", "0005_an_editors_approval"),
        ("meter", "0002_publishers"),
        ("readers", "0001_initial"),
        ("wagtailcore", "0098_apitoken"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
