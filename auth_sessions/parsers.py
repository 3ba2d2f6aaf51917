"""Reads the body of a request with its secrets concealed."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles

from auth_sessions.masking import conceal_members


class ConcealingParser(BaseParser):
    """A parser of the project's, whose passwords, codes and tokens no error report shows.

    A body that is nested too deeply is malformed (400), wherever it is read first: the check for CSRF reads it as well.
    """

    def __init__(self, parser: BaseParser) -> None:
        self.parser = parser
        self.media_type = parser.media_type

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            parsed: Any = self.parser.parse(stream, media_type=media_type, parser_context=parser_context)
        except RecursionError as error:
            raise ParseError(_("The body is nested too deeply.")) from error
        if isinstance(parsed, DataAndFiles):
            return DataAndFiles(conceal_members(parsed.data), parsed.files)
        return conceal_members(parsed, numbers=True)
