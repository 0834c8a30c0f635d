"""The index readers search: entries by Django, words in the way of each database. It is filled by `broadsheet index-search`,
which the next start runs by itself where articles are missing from it."""

import django.db.models.deletion
from django.db import migrations, models

from broadsheet.newsroom.searching.backends import backend


class Migration(migrations.Migration):
    dependencies = [("newsroom", "0007_editors_compose")]

    operations = [
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                (
                    "article",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="newsroom.article",
                    ),
                ),
                ("section_id", models.BigIntegerField(db_index=True)),
                ("published_s", models.BigIntegerField(db_index=True, help_text="Seconds since 1970.")),
                (
                    "version",
                    models.PositiveIntegerField(help_text="Number of the published version this was made from."),
                ),
                ("names", models.TextField(help_text="Topics and people, a line each.")),
                ("opening", models.TextField(help_text="What everybody may read of the text.")),
            ],
            options={"verbose_name": "search entry", "verbose_name_plural": "search entries"},
        ),
        migrations.RunPython(
            lambda apps, schema_editor: backend(schema_editor.connection.vendor).lay(schema_editor.connection),
            lambda apps, schema_editor: backend(schema_editor.connection.vendor).lift(schema_editor.connection),
        ),
    ]
