"""The HTML part of an e-mail, made from its text part, so that the two cannot say different things."""

import re
from html import escape

# Visible ASCII without quotes and angle brackets; a full stop that ends the sentence does not belong to the link.
_LINK = re.compile(r"(https://[!#-&(-;=?-~]*[A-Za-z0-9/_=~%-])")
_PAGE = """\
<!doctype html>
<html lang="{locale}">
<head><meta charset="utf-8"></head>
<body style="font-family: sans-serif; font-size: 16px; line-height: 1.5; max-width: 40em">
{body}
</body>
</html>
"""


def build_html(text: str, locale: str) -> str:
    """Escape a finished text whole and lay it out: a blank line makes a paragraph, an https address a link.

    Nothing in the text can become markup, whether a caller sent it or a template's author wrote it.
    """
    blocks = [block for block in re.split(r"\n{2,}", text.strip("\n")) if block]
    body = "\n".join(f"<p>{_paragraph(block)}</p>" for block in blocks)
    return _PAGE.format(locale=escape(locale), body=body)


def _paragraph(block: str) -> str:
    pieces = [escape(piece) for piece in _LINK.split(block)]
    pieces[1::2] = [f'<a href="{link}">{link}</a>' for link in pieces[1::2]]
    return "".join(pieces).replace("\n", "<br>\n")
