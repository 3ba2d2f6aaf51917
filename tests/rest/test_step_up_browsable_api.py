"""``RecentlyAuthenticated`` in the browsable API, which asks it on behalf of its forms."""

from django.urls import path

from tests.host.step_up_urls import TEN, Guarded
from tests.host.step_up_urls import urlpatterns as usual

HTML = "text/html"


class OnlyPost(Guarded):
    """Everybody may read, and who has just proved their identity may write."""

    permission_classes = ()

    def get_permissions(self):
        return [TEN()] if self.request.method == "POST" else []


urlpatterns = [path("only-post/", OnlyPost.as_view()), *usual]


def test_the_browsable_api(settings, help_device, ada):
    """Who acts in another person's name reads the page, without the form that they may not send."""
    settings.ROOT_URLCONF = __name__
    for device, at, status in ((help_device, "/only-post/", 200), (help_device, "/guarded/", 403)):
        response = device.client.get(at, HTTP_ACCEPT=HTML, **device.headers)
        assert response.status_code == status
        assert b"Django REST framework" in response.content
