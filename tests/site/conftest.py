"""Tests of the site import models at their top: Django is set up before they are collected."""

import django

django.setup()
