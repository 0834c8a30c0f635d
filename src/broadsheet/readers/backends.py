"""Signing in with a password, for those who have set one."""

from django.contrib.auth.backends import ModelBackend


class LimitedBackend(ModelBackend):
    """Django's own, which takes the same time for an account that does not exist."""
