"""Keys and tokens: new pairs as PEM, JWTs that PyJWT would not make, and what is in one."""

import base64
import hashlib
import hmac
import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def new_key(algorithm):
    """A new private key: of RSA, or of an elliptic curve."""
    if algorithm.startswith("RS"):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key({"ES256": ec.SECP256R1, "ES384": ec.SECP384R1}[algorithm]())


def pem_pair(key):
    """The private key and its public half, as ``SIMPLE_JWT`` and the fallbacks want them."""
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def b64(data):
    """Base64 without padding, as in a JWT; of bytes, or of anything as JSON."""
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header, payload, key, digest=hashlib.sha256):
    """A JWT with any header and payload, under any text at all for a secret."""
    message = f"{b64(header)}.{b64(payload)}"
    return f"{message}.{b64(hmac.digest(key.encode(), message.encode(), digest))}"


def read_claims(token):
    """What a token says, whoever signed it."""
    return jwt.decode(token, options={"verify_signature": False})


def unknown_public_keys():
    """Of kinds that ``cryptography`` does not know: its ``UnsupportedAlgorithm`` is no ``ValueError``."""
    der = new_key("RS256").public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return [_pem("PUBLIC KEY", der), "ssh-foo AAAA"]


def unknown_private_key():
    der = new_key("RS256").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return _pem("PRIVATE KEY", der)


def _pem(label, der):
    """With the number of an algorithm that nobody knows."""
    unknown = der.replace(bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a864886f70d01017f"))
    return f"-----BEGIN {label}-----\n{base64.encodebytes(unknown).decode()}-----END {label}-----\n"
