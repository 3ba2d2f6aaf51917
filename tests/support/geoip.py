"""A GeoIP database of a few lines, as MaxMind publishes them, in English."""

from mmdb_writer import MMDBWriter
from netaddr import IPSet

PLACES = {
    "192.0.2.7": {"city": {"names": {"en": "Zurich"}}, "country": {"names": {"en": "Switzerland"}}},
    "192.0.2.8": {"country": {"names": {"en": "Switzerland"}}},
    "192.0.2.9": {"location": {"latitude": 47.4, "longitude": 8.5}},
    "2001:db8::7": {"city": {"names": {"en": "Oslo"}}, "country": {"names": {"en": "Norway"}}},
}


def write(folder, kind="City"):
    """Write the database of cities, or of countries, under the name by which Django looks for it."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type=f"GeoLite2-{kind}", languages=["en"])
    for address, place in PLACES.items():
        writer.insert_network(IPSet([address]), place)
    file = folder / f"GeoLite2-{kind}.mmdb"
    writer.to_db_file(str(file))
    return file
