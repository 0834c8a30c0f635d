"""The workflow Wagtail brings is named after its moderators, whom a newsroom calls editors."""

from django.db import migrations


def rename(apps, schema_editor):
    for model in ("Workflow", "Task"):
        apps.get_model("wagtailcore", model).objects.filter(name="Moderators approval").update(name="an editor’s approval")


class Migration(migrations.Migration):
    dependencies = [("newsroom", "0004_file")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
