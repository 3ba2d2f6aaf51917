"""Projects as they are before they move to this app. Each is copied as ``project``, with what stands here."""

PASSWORD = "lovelace-1815"
