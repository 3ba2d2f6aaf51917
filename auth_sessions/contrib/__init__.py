"""Ways to this app from other packages, each an app of its own that a project installs for as long as it needs it."""
