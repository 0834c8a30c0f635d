"""What every publication has from its first day: a front page, its name, and who may do what in the newsroom."""

from django.db import migrations

WELCOME = "Welcome to your new Wagtail site!"


def found(apps, schema_editor):
    _front_page(apps)
    apps.get_model("newsroom", "Publication").objects.get_or_create(pk=1)
    _groups(apps)


def _front_page(apps):
    Page = apps.get_model("wagtailcore", "Page")
    Site = apps.get_model("wagtailcore", "Site")
    ContentType = apps.get_model("contenttypes", "ContentType")
    FrontPage = apps.get_model("newsroom", "FrontPage")
    if FrontPage.objects.exists():
        return
    Page.objects.filter(depth=2, title=WELCOME).delete()
    root = Page.objects.get(depth=1)
    kind, _ = ContentType.objects.get_or_create(app_label="newsroom", model="frontpage")
    front = FrontPage.objects.create(
        title="Front page",
        draft_title="Front page",
        slug="front",
        content_type=kind,
        path=root.path + "0001",
        depth=2,
        numchild=0,
        url_path="/front/",
        locale=apps.get_model("wagtailcore", "Locale").objects.first(),
    )
    root.numchild = 1
    root.save(update_fields=["numchild"])
    Site.objects.all().delete()
    Site.objects.create(hostname="localhost", port=80, site_name="", root_page_id=front.pk, is_default_site=True)


def _groups(apps):
    """Wagtail brings “Editors”, who write, and “Moderators”, who publish, with pages, pictures and documents allowed to both.
    In a newsroom those are reporters and editors."""
    Group = apps.get_model("auth", "Group")
    if not Group.objects.filter(name="Reporters").exists():
        Group.objects.filter(name="Editors").update(name="Reporters")
        Group.objects.filter(name="Moderators").update(name="Editors")
    reporters, _ = Group.objects.get_or_create(name="Reporters")
    editors, _ = Group.objects.get_or_create(name="Editors")
    for group in (reporters, editors):
        _allow(apps, group, "wagtailadmin", "admin", ["access_admin"])
        for noun in ("person", "topic"):
            _allow(apps, group, "newsroom", noun, [f"add_{noun}", f"change_{noun}", f"view_{noun}"])
    for noun in ("person", "topic"):
        _allow(apps, editors, "newsroom", noun, [f"delete_{noun}"])
    _allow(apps, editors, "wagtailredirects", "redirect", ["add_redirect", "change_redirect", "delete_redirect"])
    _allow(apps, editors, "newsroom", "publication", ["change_publication"])


def _allow(apps, group, app, model, codenames):
    for codename in codenames:
        group.permissions.add(_permission(apps, app, model, codename))


def _permission(apps, app, model, codename):
    # Django makes permissions only after all migrations; made here, they are the same rows.
    kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label=app, model=model)
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename=codename, defaults={"name": f"Can {codename.replace('_', ' ')}"}
    )
    return permission


class Migration(migrations.Migration):
    dependencies = [
        ("newsroom", "0002_append_only"),
        ("wagtailcore", "0098_apitoken"),
        ("wagtailadmin", "0001_create_admin_access_permissions"),
        ("wagtaildocs", "0014_alter_document_file_size"),
        ("wagtailimages", "0027_image_description"),
        ("wagtailredirects", "0008_add_verbose_name_plural"),
    ]

    operations = [migrations.RunPython(found, migrations.RunPython.noop)]
