"""Backends for background tasks, of Django 6.0 or of django-tasks: which keep what is to be done, as a broker does."""

from auth_sessions.activity.emails.background import get_tasks

tasks = get_tasks()
BaseTaskBackend = __import__(f"{tasks.__name__}.backends.base", fromlist=["BaseTaskBackend"]).BaseTaskBackend


class Broker(BaseTaskBackend):
    """Keeps the path and the arguments of each task, as JSON would, and nothing else."""

    kept = []

    def enqueue(self, task, args, kwargs):
        self.kept.append((task.module_path, tuple(args), dict(kwargs)))


class Failing(BaseTaskBackend):
    """The broker cannot be reached, and says how it tried."""

    def enqueue(self, task, args, kwargs):
        raise ConnectionError("redis://:a-password@broker.example/0")
