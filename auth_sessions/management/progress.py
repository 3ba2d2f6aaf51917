"""The progress of the management commands."""

from django.core.management.base import OutputWrapper

WIDTH = 40


class ProgressBar:
    """The progress of a command, on one line that is rewritten. Writes nothing if the output is not a terminal."""

    def __init__(self, stdout: OutputWrapper) -> None:
        self.stdout = stdout
        self.is_visible = False

    def show(self, share: float, text: str) -> None:
        """Show ``share``, from 0 to 1, as a bar, followed by ``text``."""
        if self.stdout.isatty():
            filled = int(WIDTH * min(share, 1))
            self.stdout.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {text}", ending="")
            self.stdout.flush()
            self.is_visible = True

    def close(self) -> None:
        """End the line of the bar, if there is one."""
        if self.is_visible:
            self.stdout.write("")
