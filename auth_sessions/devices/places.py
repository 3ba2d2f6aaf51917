"""Where an address is, by the GeoIP database of the project, for :attr:`Session.place`."""

import ipaddress
import logging
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


def near(address: str | None) -> str:
    """The place as a text, "near Zurich, Switzerland", or the country alone; "" for an address that is not known.

    Django's settings ``GEOIP_PATH``, ``GEOIP_CITY`` and ``GEOIP_COUNTRY`` name the database. It is never an error:
    a broken database is logged, once, and counts for nothing.
    """
    if not address or not getattr(settings, "GEOIP_PATH", None):
        return ""
    names = ("GEOIP_PATH", "GEOIP_CITY", "GEOIP_COUNTRY")
    database = _open(*(str(getattr(settings, name, "")) for name in names))
    return "" if database is None else _look_up(database, address)


@lru_cache(maxsize=1)
def _open(*names: str) -> Any:
    """Django's ``GeoIP2``, opened once for these settings; None where that fails."""
    try:
        from django.contrib.gis.geoip2 import GeoIP2  # noqa: PLC0415 - with geoip2, which few projects have

        return GeoIP2()
    except Exception:  # no library, no file, no database of a place, a file that is no database
        logger.warning("The GeoIP database cannot be opened: no places are shown.", exc_info=True)
        return None


def _look_up(database: Any, address: str) -> str:
    """An address object, because Django would ask the DNS about a string that is none."""
    try:
        query = ipaddress.ip_address(address)
        found = database.city(query) if database.is_city else database.country(query)
    except Exception:  # noqa: BLE001 - not in the database, or a broken one, whose reader may raise anything
        return ""
    city, country = found.get("city"), found["country_name"]
    if city and country:
        return _("near %(city)s, %(country)s") % {"city": city, "country": country}
    return country or ""
