"""Compares the built packages with the tree: ``packages.py DIST``, run in the tree."""  # noqa: INP001

import sys
import tarfile
import zipfile
from pathlib import Path

dist = Path(sys.argv[1])
(wheel,) = dist.glob("*.whl")
(sdist,) = dist.glob("*.tar.gz")
with zipfile.ZipFile(wheel) as archive:
    packed = {name for name in archive.namelist() if not name.endswith("/")}
    (about,) = {name.partition("/")[0] for name in packed if ".dist-info/" in name}
    entry_points = archive.read(f"{about}/entry_points.txt").decode() if f"{about}/entry_points.txt" in packed else ""
with tarfile.open(sdist) as archive:
    sources = {name.partition("/")[2] for name in archive.getnames()}
tree = Path("auth_sessions").rglob("*")
needed = {path.as_posix() for path in tree if path.is_file() and "__pycache__" not in path.parts} | {
    "auth_sessions/py.typed",
    "auth_sessions/migrations/0001_initial.py",
    "auth_sessions/supabase/migrations/0001_initial.py",
    "auth_sessions/locale/de/LC_MESSAGES/django.mo",
    "auth_sessions/static/auth_sessions/pages.css",
    "auth_sessions/templates/auth_sessions/devices.html",
    "auth_sessions/templates/admin/auth_sessions/revoke_confirmation.html",
}
problems = [f"{wheel.name} lacks {name}" for name in sorted(needed - packed)]
if "auth_sessions = auth_sessions.pytest_plugin" not in entry_points:
    problems.append(f"{wheel.name} does not name the plugin of pytest")
problems += [
    f"{wheel.name} must not hold {name}"
    for name in sorted(packed)
    if not name.startswith("auth_sessions/") and ".dist-info/" not in name
]
problems += [
    f"{sdist.name} lacks {name}"
    for name in sorted((needed | {"LICENSE", "README.md", "pyproject.toml", "tests/settings.py"}) - sources)
]
if problems:
    sys.exit("\n".join(problems))
sys.stdout.write(f"{wheel.name} and {sdist.name} hold what they should: {len(packed)} and {len(sources)} files\n")
