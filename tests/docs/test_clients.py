"""The client of docs/clients.md, by Node, against a running server."""

import json
import shutil
import subprocess

import pytest

from tests.support.device import Device, still_signed_in
from tests.support.documents import DOCS, blocks_of

pytestmark = [
    pytest.mark.integration,
    pytest.mark.any_database,
    pytest.mark.skipif(not shutil.which("node"), reason="needs node"),
]

(CLIENT,) = [block.code for block in blocks_of(DOCS / "clients.md") if block.language == "js"]

HARNESS = """
const [address, stored] = process.argv.slice(1);
const sent = [];
const browserFetch = fetch;
globalThis.fetch = async (path, options = {}) => {
  const response = await browserFetch(address + path, options);
  sent.push([path, options.headers?.Authorization ?? null, response.status]);
  return response;
};
let saved = JSON.parse(stored);
const load = () => saved;
const save = (tokens) => { saved = { ...tokens }; };
%s
%s
console.log(JSON.stringify({ saved, sent }));
"""


@pytest.fixture
def run(live_server):
    """What the storage holds after some steps of the client, and what it has sent."""

    def run(steps, device):
        stored = {"access": device.access, "refresh": device.refresh_token} if device else {}
        command = ["node", "--input-type=module", "--eval", HARNESS % (CLIENT, steps)]
        ran = subprocess.run(
            [*command, live_server.url, json.dumps(stored)], capture_output=True, text=True, timeout=30, check=False
        )
        assert ran.returncode == 0, ran.stderr
        result = json.loads(ran.stdout)
        return result["saved"], result["sent"]

    return run


LIST = "/api/auth/sessions/"
REFRESH = "/api/auth/token/refresh/"


def test_a_sign_out(run, laptop, phone):
    bearer = f"Bearer {laptop.access}"
    saved, sent = run(f'await signOut(); await call("{LIST}");', laptop)
    assert saved == {}
    assert sent == [["/api/auth/sign-out/?scope=local", bearer, 204], [LIST, None, 401]]
    assert still_signed_in(laptop=laptop, phone=phone) == {"phone"}


def test_an_expired_access_token_is_refreshed_once(run, laptop):
    laptop.access = "expired"
    saved, sent = run(f'await Promise.all([call("{LIST}"), call("{LIST}")]);', laptop)
    assert sorted([path, status] for path, _, status in sent) == [
        [LIST, 200],
        [LIST, 200],
        [LIST, 401],
        [LIST, 401],
        [REFRESH, 200],
    ]
    laptop.access, laptop.refresh_token = saved["access"], saved["refresh"]
    assert laptop.me().status_code == laptop.refresh().status_code == 200


def test_an_ended_session_is_forgotten(run, laptop):
    thief = laptop.copy()
    laptop.sign_out()
    saved, sent = run(f'await call("{LIST}");', thief)
    assert (saved, [path for path, *_ in sent]) == ({}, [LIST])


def test_without_a_refresh_token_it_is_signed_out(run):
    half = Device()
    half.access = "expired"
    for refresh_token, requests in ((None, [LIST]), ("", [LIST]), ("not a token", [LIST, REFRESH])):
        half.refresh_token = refresh_token
        saved, sent = run(f'await call("{LIST}");', half)
        assert (saved, [path for path, *_ in sent]) == ({}, requests)
