"""Keys of access tokens of each kind, and what every API answers to a token."""

import hashlib

from tests.support.keys import b64, new_key, pem_pair


class Key:
    def __init__(self, algorithm):
        self.algorithm, self.key = algorithm, new_key(algorithm)
        self.private, self.public = pem_pair(self.key)

    @property
    def settings(self):
        return {"ALGORITHM": self.algorithm, "SIGNING_KEY": self.private, "VERIFYING_KEY": self.public}

    @property
    def kid(self):
        """RFC 7638, written down once more, from the numbers of the key."""
        numbers = self.key.public_key().public_numbers()
        if self.algorithm.startswith("RS"):
            exponent = numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big")
            modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
            text = f'{{"e":"{b64(exponent)}","kty":"RSA","n":"{b64(modulus)}"}}'
        else:
            size = self.key.curve.key_size // 8
            x, y = (b64(number.to_bytes(size, "big")) for number in (numbers.x, numbers.y))
            text = f'{{"crv":"P-{self.key.curve.key_size}","kty":"EC","x":"{x}","y":"{y}"}}'
        return b64(hashlib.sha256(text.encode()).digest())


class Secret:
    """An HMAC key."""

    kid = None

    def __init__(self, text, algorithm="HS256"):
        self.private, self.public = text, (algorithm, text)
        self.settings = {"ALGORITHM": algorithm, "SIGNING_KEY": text}


RS256 = Key("RS256")
RS256_LATER = Key("RS256")
ES256 = Key("ES256")
ES256_LATER = Key("ES256")
ES384 = Key("ES384")
HS256 = Secret("the first secret of the access tokens is long enough")
HS256_LATER = Secret("another secret of the access tokens, as long as it must be")

ASYMMETRIC = {"RS256": RS256, "ES256": ES256, "ES384": ES384}


def answers_of_every_api(device):
    """What an access token is answered with: by the Supabase API, by REST, and by a view of the project."""
    rest = device.send("GET", "sessions/", at="/api/auth/")
    return device.user().status_code, rest.status_code, device.me().status_code


ACCEPTED, REFUSED = (200, 200, 200), (403, 401, 401)
