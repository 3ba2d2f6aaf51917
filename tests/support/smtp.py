"""Mail servers on the loopback interface: one that receives (RFC 5321), and others that fail in one way each."""

import socketserver
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

import django


@dataclass
class Mail:
    """A message as it was received."""

    sender: str
    recipients: list[str]
    content: EmailMessage


class Receiving(socketserver.StreamRequestHandler):
    """One client, from its greeting to QUIT."""

    timeout = 20

    def handle(self):
        self.answer(220, "mail.test")
        sender, recipients = "", []
        while line := self.rfile.readline():
            verb, _, argument = line.decode("ascii").strip().partition(" ")
            match verb.upper():
                case "EHLO" | "HELO":
                    self.answer(250, "mail.test")
                case "MAIL":
                    sender, recipients = argument, []
                    self.answer(250, "OK")
                case "RCPT" if self.server.refuses:
                    self.answer(550, f"No mailbox {argument}")
                case "RCPT":
                    recipients.append(argument)
                    self.answer(250, "OK")
                case "DATA":
                    self.answer(354, "End with a dot")
                    content = message_from_bytes(b"".join(self.lines()), policy=policy.default)
                    self.server.keep(Mail(sender, recipients, content))
                    self.answer(250, "OK")
                case "RSET" | "NOOP":
                    self.answer(250, "OK")
                case "QUIT":
                    self.answer(221, "Bye")
                    return
                case _:
                    self.answer(502, "Not here")

    def lines(self):
        while (line := self.rfile.readline()) != b".\r\n":
            yield line.removeprefix(b".") if line.startswith(b"..") else line

    def answer(self, code, text):
        self.wfile.write(f"{code} {text}\r\n".encode())


class Silent(socketserver.BaseRequestHandler):
    """Accepts the connection, and never says anything."""

    def handle(self):
        self.server.is_reached.set()
        self.server.is_closing.wait()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 50

    def __init__(self, handler, *, refuses=False):
        super().__init__(("127.0.0.1", 0), handler)
        self.refuses, self.mails = refuses, []
        self.is_reached, self.is_closing, self._arrival = threading.Event(), threading.Event(), threading.Condition()

    @property
    def port(self):
        return self.server_address[1]

    def keep(self, mail):
        with self._arrival:
            self.mails.append(mail)
            self._arrival.notify_all()

    def wait_for(self, number, timeout=20):
        """The first messages, when there are so many."""
        with self._arrival:
            assert self._arrival.wait_for(lambda: len(self.mails) >= number, timeout), self.mails
            return list(self.mails)


@contextmanager
def serving(handler=Receiving, **options):
    with Server(handler, **options) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.is_closing.set()
            server.shutdown()
            thread.join()


def send_to(settings, port, **options):
    """The project sends by SMTP to this port. ``options`` are those of ``MAILERS``, such as ``timeout``."""
    backend = "django.core.mail.backends.smtp.EmailBackend"
    if django.VERSION >= (6, 1):
        options = {"host": "127.0.0.1", "port": port, **options}
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
        return
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = backend, "127.0.0.1", port
    names = {"timeout": "EMAIL_TIMEOUT", "username": "EMAIL_HOST_USER", "password": "EMAIL_HOST_PASSWORD"}
    for name, value in options.items():
        setattr(settings, names[name], value)


def use_backend(settings, path):
    """The project sends by this backend."""
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": path}}
    else:
        settings.EMAIL_BACKEND = path
