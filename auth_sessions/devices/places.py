"""The place of an address, by the project's GeoIP database, for :attr:`Session.place`."""

import ipaddress
import logging
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

logger = logging.getLogger("auth_sessions")


def near(address: str | None) -> str:
    """The place as a text, "near Zurich, Switzerland", or the country alone; "" for an address that is not found.

    Django's settings ``GEOIP_PATH``, ``GEOIP_CITY`` and ``GEOIP_COUNTRY`` select the database. Raises nothing: a
    database that cannot be opened is logged once, and is ignored.
    """
    if not address or not getattr(settings, "GEOIP_PATH", None):
        return ""
    names = ("GEOIP_PATH", "GEOIP_CITY", "GEOIP_COUNTRY")
    database = _open(*(str(getattr(settings, name, "")) for name in names))
    return "" if database is None else _look_up(database, address)


@lru_cache(maxsize=1)
def _open(*names: str) -> Any:
    """Django's ``GeoIP2``, opened once for these settings; None if that fails."""
    try:
        from django.contrib.gis.geoip2 import GeoIP2  # noqa: PLC0415 - needs geoip2, which few projects install

        return GeoIP2()
    except Exception:  # no library, no file, no database of places, or an invalid file
        logger.warning("The GeoIP database cannot be opened: no places are shown.", exc_info=True)
        return None


def _look_up(database: Any, address: str) -> str:
    """The place of an address. It is passed as an object: Django would query the DNS for a string."""
    try:
        query = ipaddress.ip_address(address)
        found = database.city(query) if database.is_city else database.country(query)
    except Exception:  # noqa: BLE001 - not in the database; the reader of a broken one may raise anything
        return ""
    city, country = found.get("city"), found["country_name"]
    if city and country:
        return _("near %(city)s, %(country)s") % {"city": city, "country": country}
    return country or ""
