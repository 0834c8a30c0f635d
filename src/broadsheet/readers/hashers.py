"""How passwords are kept: Argon2id, with the memory of a small server in mind."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class ModestArgon2(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet, 2024).

    Django's default takes 100 MiB and eight lanes a try: a dozen people who log in at once would fill this machine.
    Readers rarely have passwords, and tries are limited before anything is hashed.
    """

    time_cost = 2
    memory_cost = 19_456  # KiB
    parallelism = 1
