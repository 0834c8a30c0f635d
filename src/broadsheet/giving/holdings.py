"""What this part of the house holds about an account: for downloads and erasures (`readers/privacy.py`)."""

from __future__ import annotations
