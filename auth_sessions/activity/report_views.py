"""The report that an activity was not the person's, over REST."""

import uuid
from typing import Any

from django.http import Http404
from rest_framework import status
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from auth_sessions.activity import reporting
from auth_sessions.activity.history import history_of
from auth_sessions.activity.models import Activity
from auth_sessions.authentication import get_session
from auth_sessions.views import AuthSessionsView


class ActivityReportView(AuthSessionsView):
    """``POST``: "This wasn't me", of one of the caller's own events. Signs out every other device; 204.

    The caller's own session stays, so that they can choose a new password, unless the event is about it.
    """

    action_throttle_scope = "auth_sessions_sign_out"

    def post(self, request: Request, **kwargs: Any) -> Response:
        reporting.report(self.get_activity(), current=get_session(request), request=request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_activity(self) -> Activity:
        try:
            activity_id = uuid.UUID(self.kwargs["activity_id"])
        except ValueError:
            raise Http404 from None
        found: Activity = get_object_or_404(history_of(self.request.user.pk), pk=activity_id)
        return found
