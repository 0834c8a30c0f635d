"""The form of a picture: what cannot be printed is refused in words, and before it is decoded."""

from __future__ import annotations

from struct import error as StructError
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image
from wagtail.images.fields import WagtailImageField
from wagtail.images.forms import BaseImageForm
from wagtail.images.widgets import AdminImageChooser

IN_PICKER = "image-chooser-upload"  # Wagtail's prefix for the form in the window that chooses a picture


class PictureFileField(WagtailImageField):
    """Wagtail's field decodes a picture to judge it; this looks at its size first, and answers for a damaged one."""

    def to_python(self, data: Any) -> Any:
        if isinstance(data, UploadedFile):
            self._check_size(data)
        try:
            return super().to_python(data)
        except (OSError, SyntaxError, ValueError, EOFError, StructError) as fault:
            raise ValidationError(
                _("This file is damaged and cannot be read as a picture (%(fault)s).") % {"fault": fault}
            ) from fault

    def _check_size(self, data: UploadedFile) -> None:
        most = settings.WAGTAILIMAGES_MAX_IMAGE_PIXELS
        try:
            with Image.open(data) as picture:  # reads the head only
                pixels = picture.width * picture.height
        except (Image.DecompressionBombError, OSError, SyntaxError, ValueError, StructError):
            pixels = 0  # Wagtail says what is wrong with it
        finally:
            data.seek(0)
        if pixels > most:
            raise ValidationError(
                _("This picture has too many pixels: %(pixels)s. At most %(most)s can be drawn.")
                % {"pixels": f"{pixels:,}", "most": f"{most:,}"}
            )


class PictureForm(BaseImageForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "file" in self.fields:
            given = self.fields["file"]
            self.fields["file"] = PictureFileField(
                label=given.label, required=given.required, help_text=given.help_text, widget=given.widget
            )
        if self.prefix == IN_PICKER:
            # A picker within a picker is started by scripts that arrive later than the page, and its policy refuses them. The
            # twin is chosen on the picture's own page.
            self.fields.pop("dark", None)
            self.fields.pop("taken_on", None)  # its calendar is such a picker too; the file says the day, as a rule
        elif "dark" in self.fields:
            self.fields["dark"].widget = AdminImageChooser()  # not a list of every picture there is

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("is_decorative") and (cleaned.get("alt_text") or "").strip():
            self.add_error(
                "is_decorative",
                _("A decorative picture has no alternative text: empty that field, or do not call it decorative."),
            )
        return cleaned
