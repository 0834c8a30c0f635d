"""What came of comparing the books with the providers is kept, for the money desk."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("giving", "0007_sums_without_rows")]

    operations = [
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=20)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                ("lines", models.PositiveIntegerField(default=0)),
                ("mended", models.PositiveIntegerField(default=0)),
                ("differences", models.JSONField(default=list)),
                ("fault", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "verbose_name": "reconciliation",
                "indexes": [models.Index(fields=["provider", "-began_at"], name="newest_reconciliation")],
            },
        ),
    ]
