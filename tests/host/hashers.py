"""Password hashers of the host."""

from django.contrib.auth.hashers import BCryptPasswordHasher, MD5PasswordHasher, PBKDF2PasswordHasher


class QuickPBKDF2PasswordHasher(PBKDF2PasswordHasher):
    iterations = 1


class CountingHasher(MD5PasswordHasher):
    """Counts how often it runs, since that takes the time that a clock could see."""

    runs = 0

    def encode(self, password, salt):
        type(self).runs += 1
        return super().encode(password, salt)


class QuickBCryptPasswordHasher(BCryptPasswordHasher):
    """bcrypt 5 refuses a password of more than 72 bytes."""

    rounds = 4
