"""Pages of the host, for browsers."""

from django.conf import settings
from django.contrib.auth import SESSION_KEY, alogin, authenticate, get_user_model, login, logout
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.db import connection, transaction
from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_sessions.authentication import CachedSessionJWTAuthentication, get_session
from auth_sessions.core.password_changes import change_password
from auth_sessions.models import Session


def _answer(user):
    return JsonResponse({"user": str(user.pk)}, status=200 if user.is_authenticated else 401)


def who(request):
    return _answer(request.user)


async def who_async(request):
    return _answer(await request.auser())


@csrf_exempt
async def login_async(request):
    credentials = {get_user_model().USERNAME_FIELD: request.POST["username"], "password": request.POST["password"]}
    await alogin(request, await authenticate_async(request, credentials))
    return HttpResponse()


async def authenticate_async(request, credentials):
    from asgiref.sync import sync_to_async

    return await sync_to_async(authenticate)(request, **credentials)


@csrf_exempt
async def login_async_and_who(request):
    user = await get_user_model()._base_manager.aget(**{get_user_model().USERNAME_FIELD: request.POST["username"]})
    await alogin(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return _answer(await request.auser())


def _sign_in(request):
    names = {get_user_model().USERNAME_FIELD: request.POST["username"]}
    login(request, get_user_model()._base_manager.get(**names), backend="django.contrib.auth.backends.ModelBackend")


@csrf_exempt
def log_in_as(request):
    """A member of the staff acts in another person's name, and the view notes who that is."""
    staff = request.user
    if not staff.is_staff and "staff" not in request.session:
        return HttpResponse(status=403)
    noted = request.session.get("staff", str(staff.pk))
    _sign_in(request)
    request.session["staff"] = noted
    return HttpResponse()


@csrf_exempt
def stop_acting(request):
    """The member of the staff comes back. The view does not ask who is signed in."""
    if "staff" not in request.session:
        return HttpResponse(status=403)
    staff = get_user_model().objects.get(pk=request.session["staff"])
    if "backend" in request.POST:  # as Django's own user of a login has it
        staff.backend = request.POST["backend"] or settings.AUTHENTICATION_BACKENDS[0]
        login(request, staff)
    else:
        login(request, staff, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


@csrf_exempt
def log_out_and_in(request):
    """A form that signs out whoever is there before it signs in."""
    logout(request)
    names = {get_user_model().USERNAME_FIELD: request.POST["username"]}
    if "password" in request.POST:
        login(request, authenticate(request, password=request.POST["password"], **names))
    else:
        _sign_in(request)
    return HttpResponse()


@csrf_exempt
def log_in_as_again(request, order):
    """Empties the data and logs in as somebody, and notes who acts before or after it."""
    staff = request.session["staff"]
    request.session.flush()
    if order == "before":
        request.session["staff"] = staff
    _sign_in(request)
    if order == "after":
        request.session["staff"] = staff
    return HttpResponse()


@csrf_exempt
def sign_in_noted(request):
    """A host that notes at each login who really signs in."""
    _sign_in(request)
    request.session["staff"] = str(get_user_model()._base_manager.get(pk=request.session[SESSION_KEY]).pk)
    return HttpResponse()


@csrf_exempt
def remember(request):
    """Decides how long the login lasts after it was made."""
    _sign_in(request)
    request.session.set_expiry(14 * 86_400)
    return HttpResponse()


@csrf_exempt
def in_and_out(request, order):
    """Signs in (i) and out (o), ends all sessions (e) and changes the password (p) in one request, in this order."""
    user = get_user_model().objects.filter(pk=request.user.pk).first()
    for step in order:
        if step == "i":
            _sign_in(request)
        elif step == "e":
            Session.objects.filter(user=user).end(reason="revoked", request=request)
        elif step == "p":
            change_password(user, "analytical-1843")
        else:
            logout(request)
    return HttpResponse()


@csrf_exempt
def log_in_in_turn(request, order):
    """Logs in by each letter whom the form names by it, flushes (f), clears (c) and fails (x), in this order."""
    for step in order:
        if step == "f":
            request.session.flush()
        elif step == "c":
            request.session.clear()
        elif step == "x":
            raise RuntimeError
        else:
            user = get_user_model()._base_manager.get(pk=request.POST[step])
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


@csrf_exempt
def change_and_sign_in(request):
    """A new password, then ``login()``: Django empties the session's data in between."""
    user = request.user
    user.set_password("analytical-1843")
    user.save()
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


@csrf_exempt
def sign_in_and_fail(request):
    """A receiver of Django's login(), or the rest of the view, raises."""
    _sign_in(request)
    raise RuntimeError


class RestLogin(APIView):
    """Django's login() in a view of Django REST framework, which nobody needs to be for."""

    authentication_classes = permission_classes = ()

    def post(self, request):
        _sign_in(request)
        return Response({"session": str(get_session(request).pk)})


class FastView(APIView):
    """Asks the cache; ``name`` also needs the user's row."""

    authentication_classes = (CachedSessionJWTAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request, what):
        answer = {
            "pk": str(request.user.pk),
            "is_active": request.user.is_active,
            "session": str(request.auth.session.pk),
        }
        if what == "name":
            answer["name"] = request.user.get_username()
        return Response(answer)


def public(request):
    """Asks for nothing."""
    return HttpResponse()


def basket(request):
    """Writes into the session."""
    request.session["basket"] = request.session.get("basket", 0) + 1
    return JsonResponse({"basket": request.session["basket"]})


def cycle(request):
    request.session.cycle_key()
    return HttpResponse()


def ended_meanwhile(request):
    """Somebody signs the person out while this view is at work."""
    Session.objects.filter(user=request.user).end(reason="signed_out")
    request.session["late"] = True
    return _answer(request.user)


@csrf_exempt
def drop(request, way):
    """Drops the login without ``logout()``, and asks for no user."""
    session = request.session
    if way == "flush":
        session.flush()
    elif way == "clear":
        session.clear()
    elif way == "clear and write":
        session.clear()
        session["basket"] = 1
    elif way == "flush and write":
        session.flush()
        session["basket"] = 1
    elif way == "create":
        session.create()
        session.clear()
    elif way == "replace":
        request.session = type(session)()
        request.session["basket"] = 1
    elif way == "without its user":
        del session[SESSION_KEY]
    elif way == "login":
        _sign_in(request)
    elif way == "flush and login":
        session.flush()
        _sign_in(request)
    return HttpResponse(status=int(request.POST.get("status", 200)))


@csrf_exempt
async def drop_async(request, way):
    """The same in an asynchronous view."""
    if way == "flush":
        await request.session.aflush()
    elif way == "login":
        names = {get_user_model().USERNAME_FIELD: request.POST["username"]}
        user = await get_user_model()._base_manager.aget(**names)
        await alogin(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


@csrf_exempt
def expire_in(request, seconds):
    """Decides how long the session lasts, and asks for no user."""
    request.session.set_expiry(seconds)
    return HttpResponse()


def write_elsewhere(request):
    """Asks who it is, then writes into another copy of the session, as django-allauth's clients do."""
    is_authenticated = request.user.is_authenticated
    other = type(request.session)(request.session.session_key)
    other["basket"] = 1
    other.save()
    return HttpResponse(status=200 if is_authenticated else 401)


@csrf_exempt
def log_in_elsewhere(request):
    """Logs in to another session than that of the cookie, and names its key, as django-allauth's API for apps does."""
    of_cookie, request.session = request.session, type(request.session)()
    _sign_in(request)
    request.session.save()
    key, request.session = request.session.session_key, of_cookie
    return JsonResponse({"key": key})


meanwhile = []
"""What happens while :func:`slow` is at work."""


def slow(request):
    """Asks who it is at once, and answers when other requests have been answered."""
    is_authenticated = request.user.is_authenticated
    while meanwhile:
        meanwhile.pop(0)()
    return HttpResponse(status=200 if is_authenticated else 401)


def rolled_back(request):
    """What DRF does on an error under ``ATOMIC_REQUESTS``."""
    assert request.user.is_authenticated
    if connection.settings_dict["ATOMIC_REQUESTS"]:
        transaction.set_rollback(True)
    return HttpResponse(status=400)


def which(request):
    session = get_session(request)
    return JsonResponse({"session": session and str(session.pk)})


urlpatterns = [
    path("login/", LoginView.as_view(next_page="/who/", template_name="admin/login.html")),
    path("login/async/", login_async),
    path("logout/", LogoutView.as_view(next_page="/who/")),
    path("password/", PasswordChangeView.as_view(success_url="/who/", template_name="admin/login.html")),
    path("who/", who),
    path("who/async/", who_async),
    path("login/as/", log_in_as),
    path("login/stop/", stop_acting),
    path("login/async/and-who/", login_async_and_who),
    path("login/remember/", remember),
    path("login/and-fail/", sign_in_and_fail),
    path("login/after-logout/", log_out_and_in),
    path("login/as/again/<str:order>/", log_in_as_again),
    path("login/noted/", sign_in_noted),
    path("login/rest/", RestLogin.as_view()),
    path("login/elsewhere/", log_in_elsewhere),
    path("login/in-turn/<str:order>/", log_in_in_turn),
    path("password/and-login/", change_and_sign_in),
    path("in-and-out/<str:order>/", in_and_out),
    path("api/fast/<str:what>/", FastView.as_view()),
    path("public/", public),
    path("basket/", basket),
    path("cycle/", cycle),
    path("ended-meanwhile/", ended_meanwhile),
    path("rolled-back/", csrf_exempt(rolled_back)),
    path("which/", which),
    path("drop/<str:way>/", drop),
    path("drop/async/<str:way>/", drop_async),
    path("expire-in/<int:seconds>/", expire_in),
    path("write-elsewhere/", write_elsewhere),
    path("slow/", slow),
]
