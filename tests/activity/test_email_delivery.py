"""How a message leaves the process: nobody waits for the mail server, and no failure is raised."""

import logging
import socket
import threading
import time
from functools import partial

import django
import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from auth_sessions.activity.emails import delivery
from tests.support.smtp import Silent, send_to, serving, use_backend

pytestmark = pytest.mark.any_database

ADDRESS, SECRET = "ada@example.org", "a-password-of-the-mail-server"


def message(number=0):
    return EmailMultiAlternatives(f"Subject {number}", "Text", to=[ADDRESS])


@pytest.fixture
def smtp(settings):
    """Sends by SMTP, to the port that the test names."""
    return partial(send_to, settings)


@pytest.fixture
def sender():
    sender = delivery.Sender()
    yield sender
    sender.wait()


def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_messages_arrive_once_each(smtp, sender):
    with serving() as server:
        smtp(server.port)
        for number in range(20):
            sender.send(message(number), name=f"Message {number}")
        sender.wait()
        received = sorted(each.content["Subject"] for each in server.mails)
    assert received == sorted(f"Subject {number}" for number in range(20))
    assert [thread for thread in threading.enumerate() if thread.name == "auth_sessions.activity.emails"] == []


def test_a_mail_server_that_never_answers_delays_nobody_and_is_given_up(smtp, sender, monkeypatch, caplog):
    monkeypatch.setattr(delivery, "TIMEOUT", 0.5)
    with serving(Silent) as server:
        smtp(server.port)
        began = time.monotonic()
        sender.send(message(), name="Message")
        assert time.monotonic() - began < 0.3
        assert server.is_reached.wait(10)
        sender.wait()
        assert 0.5 <= time.monotonic() - began < 5
    assert [record.getMessage() for record in caplog.records] == ["Message was not sent: SMTPServerDisconnected"]


def test_the_projects_own_timeout_is_kept(smtp, settings):
    smtp(1)
    assert delivery._connection().timeout == delivery.TIMEOUT
    smtp(1, timeout=3)
    assert delivery._connection().timeout == 3


def test_a_mail_server_that_never_answers_fills_no_memory(smtp, sender, monkeypatch, caplog):
    monkeypatch.setattr(delivery, "TIMEOUT", 0.5)
    monkeypatch.setattr(delivery, "PENDING", 3)
    with serving(Silent) as server:
        smtp(server.port)
        for number in range(20):
            sender.send(message(number), name=f"Message {number}")
        assert len(sender._pending) <= 3
        assert len(sender._threads) <= delivery.THREADS
        server.is_closing.set()
        sender.wait()
    assert len([record for record in caplog.records if "does not answer" in record.getMessage()]) >= 20 - 3 - 4


def test_an_error_is_logged_without_what_the_server_said(smtp, settings, caplog):
    with serving(refuses=True) as server:
        smtp(server.port)
        delivery.send(message(), name="Message")
        smtp(server.port, username="project", password=SECRET)
        delivery.send(message(), name="Message")
    smtp(closed_port())
    delivery.send(message(), name="Message")
    use_backend(settings, "nowhere.EmailBackend")
    delivery.send(message(), name="Message")
    assert [record.getMessage().partition("sent: ")[2] for record in caplog.records] == [
        "SMTPRecipientsRefused",
        "SMTPNotSupportedError",
        "ConnectionRefusedError (Connection refused)",
        "InvalidMailer" if django.VERSION >= (6, 1) else "ModuleNotFoundError",
    ]
    assert all(record.levelno == logging.ERROR and record.exc_info is None for record in caplog.records)
    assert ADDRESS not in caplog.text
    assert SECRET not in caplog.text


def test_which_backends_use_no_network(settings, smtp, tmp_path):
    for name in ("console", "dummy", "locmem"):
        use_backend(settings, f"django.core.mail.backends.{name}.EmailBackend")
        assert delivery.is_local()
    smtp(1)
    assert not delivery.is_local()


def test_where_no_network_is_used_the_message_is_there_at_once():
    delivery.send(message(), name="Message")
    assert [each.subject for each in mail.outbox] == ["Subject 0"]
