"""A finished text in the adapters' words: `templates_sms` and `channels` do not know each other."""

from channels.base import Content, EmailContent, PushContent, SmsContent, VoiceContent
from templates_sms.rendered import Rendered, RenderedEmail, RenderedPush, RenderedSms, RenderedVoice


def content_of(rendered: Rendered) -> Content:
    """The same text, as a channel takes it."""
    match rendered:
        case RenderedSms():
            return SmsContent(text=rendered.text)
        case RenderedEmail():
            return EmailContent(subject=rendered.subject, text=rendered.text, html=rendered.html)
        case RenderedVoice():
            digits = tuple((digit, meaning.value) for digit, meaning in rendered.digits)
            return VoiceContent(script=rendered.script, voicemail=rendered.voicemail, digits=digits)
        case RenderedPush():
            return PushContent(title=rendered.title, body=rendered.body, lock_screen=rendered.lock_screen)
