from django.core.management.base import OutputWrapper

WIDTH = 40


class ProgressBar:
    """How far a command is, on one line that is rewritten; nothing where the output is no terminal."""

    def __init__(self, stdout: OutputWrapper) -> None:
        self.stdout = stdout
        self.is_visible = False

    def show(self, share: float, text: str) -> None:
        """``share`` goes from 0 to 1; ``text`` says it in figures."""
        if self.stdout.isatty():
            filled = int(WIDTH * min(share, 1))
            self.stdout.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {text}", ending="")
            self.stdout.flush()
            self.is_visible = True

    def close(self) -> None:
        """What is written next stands below."""
        if self.is_visible:
            self.stdout.write("")
