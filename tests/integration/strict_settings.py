"""The example under a content security policy: Django's own where there is one."""

import django

from tests.integration.demo_settings import *  # noqa: F403
from tests.integration.demo_settings import MIDDLEWARE

if django.VERSION >= (6, 0):
    MIDDLEWARE += ["django.middleware.csp.ContentSecurityPolicyMiddleware"]
    SECURE_CSP = {"default-src": ["'self'"]}
else:
    MIDDLEWARE += ["tests.host.middleware.content_security_policy"]
