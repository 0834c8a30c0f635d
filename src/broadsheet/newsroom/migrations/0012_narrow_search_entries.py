from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("newsroom", "0011_picture_files")]

    operations = [
        migrations.AddIndex(
            model_name="searchentry",
            index=models.Index(fields=["article", "section_id", "published_s"], name="search_entry_narrow"),
        ),
    ]
