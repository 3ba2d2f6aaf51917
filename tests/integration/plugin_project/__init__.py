"""A small project that has installed the package, copied to a folder of its own by ``test_testing_plugin.py``."""
