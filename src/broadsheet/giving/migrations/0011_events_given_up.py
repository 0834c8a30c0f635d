"""Events that were given up are counted on every look at the desk, among hundreds of thousands that were not."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("giving", "0010_first_appeals")]

    operations = [
        migrations.AddIndex(
            "providerevent",
            models.Index(
                fields=["received_at"],
                name="events_given_up",
                condition=models.Q(due_at__isnull=True, posted_at__isnull=True),
            ),
        ),
    ]
