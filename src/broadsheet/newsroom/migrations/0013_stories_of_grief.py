"""Stories beside which nobody is asked for money."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("newsroom", "0012_narrow_search_entries"),
    ]

    operations = [
        migrations.AddField(
            model_name="article",
            name="is_grief",
            field=models.BooleanField(
                default=False, help_text="Nobody is asked for money beside it.", verbose_name="a story of grief"
            ),
        ),
    ]
