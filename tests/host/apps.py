from django.apps import AppConfig


class HostConfig(AppConfig):
    name = "tests.host"

    def ready(self):
        from auth_sessions.signals import sessions_ending
        from tests.host.models import Draft

        def delete_drafts(sessions, **kwargs):
            Draft.objects.filter(session_key__in=[session.pk for session in sessions]).delete()

        sessions_ending.connect(delete_drafts, weak=False, dispatch_uid="tests.host.delete_drafts")
