"""What Hypothesis draws: bent tokens, headers, bodies and queries."""

import base64
import binascii
import json

from hypothesis import strategies as st

from tests.support.inputs import NOT_A_TOKEN, NOT_JSON, OTHER_TYPES, nested
from tests.support.keys import b64, signed
from tests.support.rest import FORM, MULTIPART

ANY_TEXT = st.text(st.characters(), max_size=40)
"""Also NUL and lone surrogates."""

JUNK = st.sampled_from(
    [*" \t\0\x7f\xa0\u200b\u202e\ufeffé\U0001f600+/=.,;\"'\\<{-_aA0", "\r\n", "%00", "%2e"],
)

# Tokens


def _flip(draw, token, pool):
    place = draw(st.integers(0, max(len(token) - 1, 0)))
    return token[:place] + chr(ord(token[place]) ^ 1 << draw(st.integers(0, 6))) + token[place + 1 :] if token else "."


def _insert(draw, token, pool):
    place = draw(st.integers(0, len(token)))
    return token[:place] + draw(JUNK) * draw(st.sampled_from([1, 1, 2, 300])) + token[place:]


def _cut(draw, token, pool):
    start, end = sorted(draw(st.tuples(st.integers(0, len(token)), st.integers(0, len(token)))))
    return token[:start] + token[end:]


def _change_case(draw, token, pool):
    return draw(st.sampled_from([str.upper, str.lower, str.swapcase]))(token)


def _repeat(draw, token, pool):
    part = draw(st.sampled_from(token.split(".") or [token]))
    return draw(
        st.sampled_from([f"{token}.{part}", f"{part}.{token}", token * 2, f"{token},{token}", f"{token} {part}"])
    )


def _mix(draw, token, pool):
    """The parts of several tokens."""
    parts = [draw(st.sampled_from(pool)).split(".") for _ in range(3)]
    return ".".join(each[min(number, len(each) - 1)] for number, each in enumerate(parts))


def _other_header(draw, token, pool):
    """Another header, over what was signed."""
    return ".".join([b64(draw(_HEADERS)), *token.split(".")[1:]])


def _other_claims(draw, token, pool):
    head, _, rest = token.partition(".")
    claims = {**_claims(token), **draw(_CLAIMS)}
    return ".".join([head, b64(json.dumps(claims).encode()), rest.partition(".")[2]])


def _sign(draw, token, pool):
    """A signature by a key that anybody may guess."""
    claims = {**_claims(token), **draw(st.just({}) | _CLAIMS)}
    return signed(draw(_HEADERS), claims, draw(st.sampled_from(["", "secret", "\0", "None", "jwt"])))


def _replace(draw, token, pool):
    return draw(st.sampled_from([*NOT_A_TOKEN.values()]) | ANY_TEXT)


def _encode(draw, token, pool):
    return draw(
        st.sampled_from(
            [
                base64.b64encode(token.encode("utf-8", "surrogatepass")).decode(),
                "".join(f"%{byte:02x}" for byte in token.encode("utf-8", "surrogatepass")),
                json.dumps(token),
                token[::-1],
                f"Bearer {token}",
            ]
        )
    )


BENDS = [
    _flip,
    _flip,
    _insert,
    _cut,
    _change_case,
    _repeat,
    _mix,
    _other_header,
    _other_claims,
    _sign,
    _replace,
    _encode,
]

_HEADERS = st.fixed_dictionaries(
    {"alg": st.sampled_from(["HS256", "HS384", "HS512", "none", "None", "RS256", "ES256", "EdDSA", "", None, 7, []])},
    optional={
        "typ": st.sampled_from(["JWT", "at+jwt", "JWE", None, 1]),
        "kid": st.sampled_from(["", "../../dev/null", "' OR 1=1 --", None, 7, ["a"], "x" * 5000]),
        "jku": st.just("https://example.org/jwks.json"),
        "jwk": st.just({"kty": "oct", "k": ""}),
        "x5u": st.just("x"),
        "zip": st.just("DEF"),
        "enc": st.just("A128GCM"),
        "cty": st.just("JWT"),
        "crit": st.sampled_from([[], ["exp"], ["b64"], "b64", None]),
        "b64": st.booleans(),
    },
)
_CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "exp": st.sampled_from([0, -1, 2**31, 2**53, 10**40, 1e308, None, "9999999999", []]),
        "iat": st.sampled_from([0, 2**53, None]),
        "nbf": st.sampled_from([0, 2**53, "x"]),
        "generation": st.integers(-1, 2**31),
        "token_type": st.sampled_from(["access", "refresh", "sliding", None]),
        "user_id": st.sampled_from(["1", 1, None, [], "x" * 300]),
        "sub": st.uuids().map(str),
        "session_id": st.uuids().map(str) | st.none(),
        "aud": st.sampled_from(["authenticated", [], None]),
        "role": st.just("service_role"),
    },
)


def _claims(token):
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        claims = None
    return claims if isinstance(claims, dict) else {}


@st.composite
def bent(draw, pool):
    """One of the tokens, changed one to three times."""
    token = draw(st.sampled_from(pool))
    for _ in range(draw(st.integers(1, 3))):
        token = draw(st.sampled_from(BENDS))(draw, token, pool)
    return token


def may_be_whole(raw, pool):
    """Whether one of the tokens may still be read from it: spaces around it go, and base64 is read leniently."""
    return any(_is_whole(raw.strip(" \t\r\n\f\v\0\x1c\x1d\x1e\x1f\x85\xa0\ufeff\u200b"), token) for token in pool)


def _is_whole(raw, token):
    if raw == token:
        return True
    text, _, signature = raw.rpartition(".")
    genuine_text, _, genuine = token.rpartition(".")
    return text == genuine_text != "" and _decoded(signature) == _decoded(genuine)


def _decoded(part):
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        return None


# Headers, bodies, queries

TYPES = st.sampled_from(["application/json", FORM, MULTIPART, "application/json; charset=utf-16", None, *OTHER_TYPES])


@st.composite
def authorization(draw, tokens):
    """The header around a token, in the shapes that clients send, and in others."""
    token = draw(tokens)
    shape = draw(
        st.sampled_from(
            [
                *(
                    "Bearer {}",
                    "bearer {}",
                    "BEARER {}",
                    "Bearer  {}",
                    "Bearer {} ",
                    "Bearer\t{}",
                    "Bearer {}, Bearer {}",
                ),
                *(
                    "Bearer {} {}",
                    "Token {}",
                    "JWT {}",
                    "Basic {}",
                    "{}",
                    "Bearer",
                    "",
                    "Bearer Bearer {}",
                    'Bearer "{}"',
                ),
                *("Bearer:{}", "Bearer={}", "DPoP {}", "Bearer {},", ",Bearer {}", "\xa0Bearer {}", "Digest a={}"),
            ]
        )
    )
    return shape.replace("{}", token)


USER_AGENTS = st.sampled_from(
    ["", "\0", "x" * 100_000, "Mozilla/5.0 (", "(" * 20_000, "é" * 3000, "\ud800", "curl/8", "Mozilla/5.0 " * 2000]
)
ADDRESSES = st.sampled_from(
    ["", ",", "1.2.3", "::1%eth0", "[::1]:9", "1.2.3.4:x", "\0", "," * 9999, "9" * 5000, "::ffff:1.2.3.4", "unknown"]
)

HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "User-Agent": USER_AGENTS | ANY_TEXT,
        "X-Forwarded-For": ADDRESSES | ANY_TEXT | st.ip_addresses().map(str),
        "X-Forwarded-Host": ANY_TEXT,
        "Forwarded": ANY_TEXT,
        "Accept": st.sampled_from(["*/*", "text/html", "application/json; indent=99999", "audio/ogg", ";q=x"])
        | ANY_TEXT,
        "Accept-Language": st.sampled_from(["de", "xx-" * 500, "*", "en;q=1e9", "zh-hans,ar;q=0.5"]) | ANY_TEXT,
        "Accept-Encoding": st.sampled_from(["gzip", "br;q=x"]) | ANY_TEXT,
        "Content-Encoding": st.sampled_from(["gzip", "deflate", "junk"]),
        "Transfer-Encoding": st.sampled_from(["chunked", "junk"]),
        "Cookie": st.sampled_from(["sessionid=", "sessionid=junk", "a" * 9000, ";;;=", "csrftoken=\0"]) | ANY_TEXT,
        "Host": st.sampled_from(["testserver", "a" * 300, "[::1", "x:y", ""]),
        "Origin": st.sampled_from(["null", "https://example.org"]) | ANY_TEXT,
        "Referer": ANY_TEXT,
        "If-Modified-Since": ANY_TEXT,
        "Range": ANY_TEXT,
        "X-Requested-With": st.just("XMLHttpRequest"),
        "X-HTTP-Method-Override": st.sampled_from(["DELETE", "BREW"]),
        "X-Supabase-Api-Version": st.sampled_from(["2024-01-01", "9999-99-99", "x" * 999]) | ANY_TEXT,
        "X-Csrftoken": st.sampled_from(["c" * 32, "c" * 64, "x"]) | ANY_TEXT,
        "Apikey": ANY_TEXT,
        "X-Jwt-Aud": ANY_TEXT,
    },
)

MEMBERS = st.sampled_from(
    [
        *("username", "email", "phone", "password", "current_password", "otp", "nonce", "device_name", "refresh"),
        *("refresh_token", "token", "scope", "name", "next", "data", "code", "grant_type", "gotrue_meta_security"),
        *("app_metadata", "user_metadata", "id", "user", "kind", "channel", "code_challenge"),
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | ANY_TEXT
    | st.sampled_from([10**400, "\ud800", "\0", "x" * 100_000, "local", "global", "others", "//example.org", "/a", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(MEMBERS | ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def json_bodies(draw):
    """JSON as clients write it, and as none does: members twice, NaN, deep nesting, text that is no text."""
    members = draw(st.lists(st.tuples(MEMBERS | ANY_TEXT, VALUES), max_size=6))
    pairs = ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in members)
    body = f"{{{pairs}}}".encode()
    deep = st.sampled_from([nested(50), nested(5000), nested(3000, b'{"a":', b"}")])
    other = st.sampled_from([*NOT_JSON.values()]) | VALUES.map(lambda value: json.dumps(value).encode()) | deep
    return draw(st.just(body) | other)


@st.composite
def forms(draw):
    members = draw(st.lists(st.tuples(MEMBERS, ANY_TEXT), max_size=6))
    return "&".join(f"{name}={value}" for name, value in members).encode("utf-8", "surrogatepass")


@st.composite
def multiparts(draw):
    lines = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
        for name, value, more in draw(
            st.lists(st.tuples(MEMBERS, ANY_TEXT, st.sampled_from(["", '; filename="f"', "; filename*=UTF-8''%00"])))
        )
    ]
    return "".join([*lines, draw(st.sampled_from(["--x--\r\n", "--x", ""]))]).encode("utf-8", "surrogatepass")


BODIES = json_bodies() | forms() | multiparts() | st.binary(max_size=200)

QUERIES = st.lists(
    st.tuples(
        st.sampled_from(["scope", "grant_type", "limit", "offset", "code", "next", "format", "page", "redirect_to"]),
        st.sampled_from(["local", "global", "others", "password", "refresh_token", "pkce", "%00", "%ED%A0%80", "-1"])
        | st.sampled_from(["1", "9" * 50, "%FF", "json", "api", "csv", "x" * 9000])
        | ANY_TEXT,
    ),
    max_size=4,
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))
