"""Django's settings, made from `broadsheet.config`. Nothing here is meant to be edited by an installer."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF

from broadsheet.config import config
from broadsheet.site.catalogues import LANGUAGES, of_wagtail
from broadsheet.site.logs import logging_config

_config = config()
_here = Path(__file__).parent

SECRET_KEY = _config.secret_key
DEBUG = False
ALLOWED_HOSTS = [urlsplit(_config.base_url).hostname, "localhost", "127.0.0.1", "testserver"]
CSRF_TRUSTED_ORIGINS = [_config.base_url]

INSTALLED_APPS = [
    "broadsheet.site",
    "broadsheet.insight",
    "broadsheet.interchange",
    "broadsheet.giving",
    "broadsheet.staff",
    "broadsheet.meter",
    "broadsheet.readers",
    "broadsheet.newsroom",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.embeds",
    "broadsheet.staff.users_app.AccountsInTheNewsroom",  # wagtail.users, with our accounts in it
    "wagtail.sites",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail.contrib.table_block",
    "wagtail",
    "modelcluster",
    "taggit",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "allauth.mfa",
    "django_tasks",
    "django_tasks_db",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "broadsheet.site.health.Ready",
    "broadsheet.site.metrics.Measured",
    "broadsheet.site.middleware.FromTheGate",
    "broadsheet.newsroom.language.SpeakTheEditionsLanguage",
    "broadsheet.newsroom.offering.OfferPages",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "broadsheet.site.middleware.AdminPolicy",
    "broadsheet.site.middleware.SameOrigin",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "broadsheet.readers.middleware.CarryPass",
    "broadsheet.newsroom.desk_clock.GoByThePublicationsClock",
    "broadsheet.staff.middleware.AskForSecondFactor",
    "broadsheet.newsroom.doors.SayRefusals",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
]

ROOT_URLCONF = "broadsheet.site.urls"
WSGI_APPLICATION = "broadsheet.site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_here / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "wagtail.contrib.settings.context_processors.settings",
            ],
        },
    }
]


def _database(url: str) -> dict[str, Any]:
    """SQLite in the data folder, or the PostgreSQL that DATABASE_URL names."""
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": _config.data / "broadsheet.sqlite3",
            "CONN_MAX_AGE": None,  # opening SQLite anew for each request would cost a third of a page
            "OPTIONS": {
                # A writing block takes the lock at its beginning: two that read first and write later cannot deadlock.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                " PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8000;",
            },
        }
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database(_config.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if _config.database_url:
    INSTALLED_APPS.append("django.contrib.postgres")

# A task carries "do chunk k"; the state of the work is in tables of its own.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Accounts (readers/)
AUTH_USER_MODEL = "readers.User"
AUTHENTICATION_BACKENDS = ["broadsheet.readers.backends.LimitedBackend"]
PASSWORD_HASHERS = [
    "broadsheet.readers.hashers.ModestArgon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "broadsheet.readers.passwords.LongEnough", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/account/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "broadsheet.readers.adapters.Accounts"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # the code has proved the address before there is an account
ACCOUNT_RATE_LIMITS = False  # allauth's are not atomic; ours are in readers/limits.py
USERSESSIONS_ADAPTER = "broadsheet.readers.adapters.Sessions"

# Second factors (staff/). allauth asks at sign-in; its pages, mails and limits are not used.
MFA_ADAPTER = "broadsheet.staff.adapters.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_REAUTHENTICATION_REQUIRED = False  # ours is: readers.views.page.for_owner
MFA_TOTP_TOLERANCE = 1  # telephones are half a minute wrong

SESSION_COOKIE_AGE = 60 * 60 * 24 * 180
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _config.is_https
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "broadsheet.site.refusal.form_not_believed"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no cookie more than we say
SECURE_HSTS_SECONDS = 31_536_000 if _config.is_https else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_BROADSHEET_SCHEME", "https")
X_FRAME_OPTIONS = "SAMEORIGIN"  # Wagtail previews a page in a frame of its own origin

# The public site runs no inline script or style. Wagtail's admin gets its own policy in site/middleware.py.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "media-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        # Click-to-load embeds: nothing is asked of these until the reader presses the button.
        "frame-src": ["https://www.youtube-nocookie.com", "https://player.vimeo.com"],
    },
}
# Mail: files in the outbox unless EMAIL_URL names a server (site/mail.py reads it)
EMAIL_BACKEND = "broadsheet.site.mail.ConfiguredBackend"
DEFAULT_FROM_EMAIL = _config.email_from
EMAIL_TIMEOUT = 10

LANGUAGE_CODE = "en"
# LANGUAGES: of the interface. What is spoken is the edition's language (newsroom/language.py), where we have its words.
# Filled by site/catalogues.py; the first that has a message says it.
LOCALE_PATHS = [_config.run / "locale", *of_wagtail(_config.run / "locale-of-wagtail", INSTALLED_APPS)]
FORMAT_MODULE_PATH = "broadsheet.site.formats"
WAGTAILADMIN_PERMITTED_LANGUAGES = LANGUAGES
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = _config.static
STATICFILES_DIRS = [_here / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "broadsheet.site.stylesheets.SheetFinder",
]
MEDIA_URL = "/media/"
MEDIA_ROOT = _config.media
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # Wagtail: an article with many blocks has many fields

# Wagtail
WAGTAIL_SITE_NAME = "Broadsheet"
WAGTAILADMIN_BASE_URL = _config.base_url
WAGTAILADMIN_LOGIN_URL = "/login/"
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = False  # addresses and passwords have one place: /account/
WAGTAIL_PASSWORD_RESET_ENABLED = False
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
WAGTAILUSERS_PASSWORD_REQUIRED = False
WAGTAIL_ENABLE_UPDATE_CHECK = False  # nothing leaves the machine unasked
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_I18N_ENABLED = False
WAGTAIL_WORKFLOW_ENABLED = True
WAGTAIL_WORKFLOW_REQUIRE_REAPPROVAL_ON_EDIT = True
WAGTAIL_AUTOSAVE_INTERVAL = 3000
WAGTAIL_PRIVATE_PAGE_OPTIONS = {"SHARED_PASSWORD": False}
WAGTAILADMIN_COMMENTS_ENABLED = True
WAGTAILREDIRECTS_AUTO_CREATE = False  # newsroom/addresses.py leaves them, in the transaction of the change itself
WAGTAILIMAGES_IMAGE_MODEL = "newsroom.Picture"
WAGTAILIMAGES_IMAGE_FORM_BASE = "broadsheet.newsroom.picture_forms.PictureForm"
WAGTAILIMAGES_AVIF_QUALITY = 50  # the first view of an article is to weigh less than 100 KB on a phone
WAGTAILIMAGES_MAX_UPLOAD_SIZE = 20 * 2**20
WAGTAILIMAGES_MAX_IMAGE_PIXELS = 60_000_000
WAGTAILIMAGES_EXTENSIONS = ["jpg", "jpeg", "png", "webp", "avif", "gif"]
WAGTAILDOCS_DOCUMENT_MODEL = "newsroom.File"
WAGTAILDOCS_EXTENSIONS = [
    "pdf",
    "csv",
    "txt",
    "docx",
    "xlsx",
    "pptx",
    "odt",
    "ods",
    "odp",
    "zip",
    "mp3",
    "m4a",
    "ogg",
    "opus",
]
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILEMBEDS_FINDERS: list[dict[str, str]] = []  # embeds are click-to-load blocks of ours; no server asks a provider
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}
TAGGIT_CASE_INSENSITIVE = True

SILENCED_SYSTEM_CHECKS: list[str] = []

LOGGING = logging_config(_config)
