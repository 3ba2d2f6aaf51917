"""The page on which a browser takes over the sign-in of an app: it asks first, and tells nobody the code."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from auth_sessions.choices import SessionKind
from auth_sessions.core.creation import create_session
from auth_sessions.core.people import known_name
from auth_sessions.models import RefreshToken, Session
from auth_sessions.pages.hand_over import HandOverView
from tests.support.browser import Browser, HelpDesk, entry_is_left
from tests.support.device import PASSWORD, Device, still_signed_in
from tests.support.hand_over import PAGE, Website, ask
from tests.support.inputs import each
from tests.support.pages import LIST, OTHERS, sign_out_path, text

EXPIRED = "This link has expired"


def browsers():
    return Session.objects.filter(kind=SessionKind.BROWSER)


class TestAsking:
    def test_it_asks_and_the_button_signs_in(self, ada, iphone):
        website = Website()
        page = website.opens(ask(iphone, next="/who/"))
        assert text(page).startswith(f"Continue as {known_name(ada)} ?")
        assert "signed in here as" not in text(page)
        assert not website.is_signed_in()
        response = website.presses(page)
        assert (response.status_code, response.url) == (302, "/who/")
        assert website.is_signed_in()

    def test_without_a_path_it_goes_where_a_login_goes(self, iphone, settings):
        settings.LOGIN_REDIRECT_URL = "/which/"
        assert Website().continues(ask(iphone)).url == "/which/"

    def test_a_path_of_any_letters(self, iphone):
        assert Website().continues(ask(iphone, next="/straße/?q=ä b")).url == "/stra%C3%9Fe/?q=%C3%A4%20b"
        assert iphone.post("hand-over/", {"next": "/" + "ß" * 200}).status_code == 400  # 1200 as it is sent

    def test_looking_changes_nothing(self, iphone):
        given = ask(iphone)
        before = [list(model.objects.order_by("pk").values()) for model in (Session, RefreshToken)]
        for _ in range(2):
            website = Website()
            website.opens(given)
            website.client.head(PAGE, {"code": given})
            website.client.options(PAGE, {"code": given})
        assert [list(model.objects.order_by("pk").values()) for model in (Session, RefreshToken)] == before

    def test_csrf(self, iphone, settings):
        """Otherwise an attacker's page could sign a visitor in as the attacker."""
        for with_middleware in (True, False):
            if not with_middleware:
                settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "csrf" not in name.lower()]
            strict = Client(enforce_csrf_checks=True)
            assert strict.post(PAGE, {"code": ask(iphone)}).status_code == 403
            assert not browsers().exists()

    def test_only_what_was_shown_is_taken_over(self, ada, bob, iphone):
        """Another link is opened meanwhile, perhaps by somebody else's page."""
        website = Website()
        shown = website.opens(ask(iphone))
        website.opens(ask(Device().sign_in(bob)))
        assert website.presses(shown).status_code == 302
        assert website.note_session().row.user == ada

    def test_the_session_of_the_visitor_is_a_new_one(self, iphone):
        """A cookie that was known before is worth nothing (session fixation); what is in the basket stays."""
        website = Website()
        website.page("/basket/")
        cookie = website.cookie
        website.takes_over(iphone)
        assert website.cookie != cookie
        known = Browser()
        known.client.cookies["sessionid"] = cookie
        assert not known.is_signed_in()


class TestWhoIsThere:
    def test_the_same_person_goes_on(self, iphone, office_browser):
        given = ask(iphone, next="/who/")
        response = office_browser.client.get(PAGE, {"code": given}, follow=True)
        assert response.redirect_chain == [(PAGE, 302), ("/who/", 302)]
        assert list(browsers()) == [Session.objects.get(pk=office_browser.session_id)]
        assert office_browser.submit(PAGE, {"code": ask(iphone, next="/who/")}).url == "/who/"
        assert list(browsers()) == [Session.objects.get(pk=office_browser.session_id)]

    def test_another_person_is_named_and_signed_out(self, ada, bob, iphone, ended):
        website = Website()
        website.client.force_login(bob)
        assert website.is_signed_in()
        bobs = browsers().get()
        website.client.raise_request_exception = True
        page = website.opens(ask(iphone))
        assert f"You are signed in here as {known_name(bob)} , and will be signed out." in text(page)
        cookie = website.cookie
        assert website.presses(page).status_code == 302
        website.note_session()
        assert website.page("/who/").json() == {"user": str(ada.pk)}
        assert not Session.objects.filter(pk=bobs.pk).exists()
        assert not entry_is_left(cookie)
        assert [(event["user_ids"], str(event["scope"])) for event in ended] == [({bob.pk}, "local")]

    @pytest.mark.parametrize("whose", ["the person", "the actor"])
    def test_who_acts_in_another_persons_name_stops(self, use_middleware, grace, ada, whose):
        use_middleware("NotedActor")
        desk = HelpDesk().sign_in(grace)
        own = desk.row
        desk.act_as(ada)
        acted = desk.row
        person = ada if whose == "the person" else grace
        app = Device().sign_in(person)
        given = ask(app)
        page = desk.client.get(PAGE, {"code": given}, follow=True)
        assert f"Continue as {known_name(person)} ?" in text(page)
        assert desk.submit(PAGE, {"code": given}).status_code == 302
        desk.session_id = desk.page("/which/").json()["session"]
        assert (desk.who, desk.row.actor, str(desk.row.depends_on_id)) == (str(person.pk), None, app.session_id)
        assert not Session.objects.filter(pk__in=[own.pk, acted.pk]).exists()

    def test_a_cookie_whose_session_has_ended(self, iphone, office_browser, laptop):
        laptop.sign_out("others")
        iphone = Device().sign_in(Session.objects.get().user)
        response = office_browser.client.get(PAGE, {"code": ask(iphone)}, follow=True)
        assert "Continue as" in text(response)


class TestWhatIsNotGood:
    def test_every_reason_has_the_same_page(self, iphone, clock):
        used, replaced, old = ask(iphone), ask(iphone), None
        assert Website().continues(replaced).status_code == 302
        old = ask(iphone)
        clock.shift(61)
        pages = [Website().opens(code) for code in (used, replaced, old, "x", "", old + "x")]
        pages += [Website().client.get(PAGE), Website().opens("x" * 100_000)]
        website = Website()
        token = website.opens(ask(iphone))
        iphone.sign_out()
        pages.append(website.presses(token))
        assert {text(page, status=410) for page in pages} == {text(pages[0], status=410)}
        assert text(pages[0], status=410).startswith(EXPIRED)
        assert len(browsers()) == 0

    @each("code", ["\0", "é", "a\r\nSet-Cookie: x=y", "%00", "<script>", "\ud7ff"])
    def test_garbage(self, code):
        for page in (Website().opens(code), Browser().submit(PAGE, {"code": code})):
            assert text(page, status=410).startswith(EXPIRED)
            assert "x=y" not in str(page.cookies)

    @pytest.mark.django_db
    def test_other_methods(self, client):
        for call in (client.put, client.patch, client.delete):
            assert call(PAGE).status_code == 405

    @pytest.mark.django_db
    def test_without_the_middleware(self, rf):
        with pytest.raises(ImproperlyConfigured):
            HandOverView.as_view()(rf.get(PAGE))


class TestTheCodeIsToldNobody:
    def test_headers(self, iphone):
        website = Website()
        moved = website.client.get(PAGE, {"code": ask(iphone)})
        page = website.client.get(PAGE)
        done = website.presses(page)
        for response in (moved, page, done, website.client.get(PAGE)):
            assert "no-store" in response["Cache-Control"]
            assert response["Referrer-Policy"] == "strict-origin"
            assert response["X-Frame-Options"] == "DENY"

    def test_the_address_loses_it(self, iphone):
        website, given = Website(), ask(iphone)
        moved = website.client.get(PAGE, {"code": given})
        assert (moved.status_code, moved.url) == (302, PAGE)
        cookie = moved.cookies["auth_sessions_hand_over"]
        assert (cookie["path"], cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (PAGE, 60, True, "Lax")
        assert not cookie["secure"]
        secure = Website().client.get(PAGE, {"code": given}, secure=True)
        assert secure.cookies["auth_sessions_hand_over"]["secure"]
        done = website.presses(website.client.get(PAGE))
        assert done.cookies["auth_sessions_hand_over"].value == ""

    def test_logs(self, iphone, caplog):
        caplog.set_level("DEBUG")
        given = ask(iphone)
        website = Website()
        website.continues(given)
        website.opens(given)
        assert given not in caplog.text
        assert "Gone: /account/hand-over/" in caplog.text


class TestTheDevicesPage:
    @pytest.fixture
    def website(self, iphone):
        website = Browser()
        website.client.cookies = Website().takes_over(iphone).client.cookies
        website.session_id = website.page("/which/").json()["session"]
        return website

    def test_it_is_listed(self, website, laptop):
        shown = text(website.page(LIST))
        assert "Sign out of 1 other device" in shown
        assert shown.count("Browser ·") == 1
        assert shown.count("App ·") == 2

    def test_no_other_device(self, website, iphone):
        shown = text(website.page(LIST))
        assert "on 2 devices" in shown
        assert "other device" not in shown
        assert "Sign out everywhere" in shown
        assert website.submit(OTHERS).url == LIST
        assert still_signed_in(website=website, app=iphone) == {"website", "app"}

    def test_more_devices_than_are_listed(self, ada, website, iphone):
        website.submit("/login/", {"username": ada.get_username(), "password": PASSWORD})
        for _ in range(110):
            create_session(ada)
        assert "Sign out of 110 other devices" in text(website.page(LIST))

    def test_the_others_are_not_the_app(self, website, iphone, laptop):
        assert "Sign out of 1 other device?" in text(website.page(OTHERS))
        website.submit(OTHERS)
        assert still_signed_in(website=website, app=iphone, laptop=laptop) == {"website", "app"}

    def test_the_app_says_that_this_ends_too(self, website, iphone):
        assert "You came here from this app, and will be signed out here, too." in text(
            website.page(sign_out_path(iphone))
        )
        assert website.submit(sign_out_path(iphone)).url == "/account/signed-out/"
        assert still_signed_in(website=website, app=iphone) == set()

    def test_another_device_says_so_of_the_website(self, website, iphone, office_browser):
        asked = text(office_browser.page(sign_out_path(iphone)))
        assert "Browsers that you have signed in from this app will be signed out, too." in asked
        assert office_browser.submit(sign_out_path(iphone)).url == LIST
        assert still_signed_in(website=website, app=iphone, office=office_browser) == {"office"}

    def test_the_proof_is_the_apps(self, clock, ada, iphone):
        clock.shift(11 * 60)
        iphone.refresh()
        website = Browser()
        website.client.cookies = Website().takes_over(iphone).client.cookies
        other = Device().sign_in(ada)
        assert "Enter your password" in text(website.page(sign_out_path(other)))
        assert website.submit(sign_out_path(other), {"password": PASSWORD}).url == LIST
