"""The pages a publication owes its readers, begun: true of any publication that runs Broadsheet, with gaps for what is not.

A gap (`[[…]]`) names what only the newsroom can say. Nothing here promises what nobody has decided, and no page is published
with a gap in it (`models/plain_pages.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

Text = object  # words, or words to be translated


@dataclass(frozen=True)
class StartingPage:
    """`parts`: a kind of element (`p`, `h2`, `li`) and its words, one after the other."""

    slug: str
    title: Text
    parts: Sequence[tuple[str, Text]]

    def html(self) -> str:
        """In the language in force."""
        made: list[str] = []
        for kind, words in self.parts:
            element = f"<{kind}>{escape(str(words))}</{kind}>"
            if kind != "li":
                made.append(element)
            elif made and made[-1].endswith("</ul>"):
                made[-1] = made[-1].removesuffix("</ul>") + element + "</ul>"
            else:
                made.append(f"<ul>{element}</ul>")
        return "".join(made)

    def in_language(self, language: str) -> tuple[str, str]:
        """Title and text."""
        with override(language):
            return str(self.title), self.html()


ABOUT = StartingPage(
    "about",
    _("About us"),
    [
        ("p", _("[[What you report, for whom, and since when: two or three sentences.]]")),
        ("h2", _("Who owns it")),
        (
            "p",
            _("[[The owner: a person, a company, a foundation or a cooperative, with its registered name and seat.]]"),
        ),
        ("h2", _("How it is paid for")),
        (
            "p",
            _(
                "[[Where the money comes from: readers, advertisers, grants, the owner. Name whoever gives a large share.]]"
            ),
        ),
        ("p", _("[[Who, of those who pay, has a say in what is reported: nobody, or who.]]")),
    ],
)

CONTACT = StartingPage(
    "contact",
    _("Contact"),
    [
        ("p", _("Write to the newsroom: [[the address that somebody reads]].")),
        ("p", _("By post: [[the postal address]].")),
        ("h2", _("Something is wrong in a story")),
        ("p", _("Write to [[the address for corrections]], and say which story and what is wrong in it.")),
        ("h2", _("Tell us something in confidence")),
        (
            "p",
            _(
                "[[How a source reaches you safely, and what you can promise. If you have no safe way, say so, or delete this part.]]"
            ),
        ),
    ],
)

PRIVACY = StartingPage(
    "privacy",
    _("Privacy"),
    [
        (
            "p",
            _(
                "Responsible for what is kept here: [[name and address of who is responsible, as the law of your country asks]]."
            ),
        ),
        ("h2", _("When you read")),
        (
            "p",
            _(
                "Some articles count towards a number that may be read free of charge. So that they can be counted, your browser is given a cookie called “reader” with a number drawn by lot. With that number we keep which articles were counted, until the time the count is for has ended."
            ),
        ),
        (
            "p",
            _(
                "Pages load nothing from other companies. A film or a post from elsewhere is shown only after you press its button; from then on its provider can see you."
            ),
        ),
        (
            "p",
            _(
                "To know what is read, we keep a log of views. [[How long you keep it, and whether anybody else can see it.]]"
            ),
        ),
        ("h2", _("When you register")),
        (
            "p",
            _(
                "We keep your mail address, the name you give us, when you signed in and from what kind of device. You can see it all, and delete your account, on the page “Your account”."
            ),
        ),
        ("p", _("While you are signed in, your browser has cookies called “sessionid”, “csrftoken” and “pass”.")),
        ("h2", _("When you give")),
        (
            "p",
            _(
                "Numbers of cards never reach us: you pay at [[the payment provider, and where its privacy policy is]]. We keep what you gave, your e-mail address and your name if you gave it, and your receipt as long as the law asks for it. Nobody outside is told that you gave unless you said that you may be named."
            ),
        ),
        (
            "p",
            _(
                "For 35 days the browser you give in has a cookie called “gift”, by which it is shown the thanks, and one called “supporter”, so that it is not asked again. Whoever closes an appeal has one called “appeal” for a day."
            ),
        ),
        ("h2", _("Who else handles it")),
        ("p", _("[[Who runs the server and sends the mails, and in which country.]]")),
        ("h2", _("Your rights")),
        (
            "p",
            _("[[The rights your readers have by law, how they use them, and which authority they can complain to.]]"),
        ),
    ],
)

MASTHEAD = StartingPage(
    "masthead",
    _("Masthead"),
    [
        ("p", _("The people who make this publication.")),
        ("h2", _("Editors")),
        ("p", _("[[Name and duty of each, the responsible editor first.]]")),
        ("h2", _("Reporters")),
        ("p", _("[[Names.]]")),
        ("h2", _("Publisher")),
        ("p", _("[[Name of whoever publishes it.]]")),
    ],
)

ETHICS = StartingPage(
    "ethics",
    _("How we work"),
    [
        (
            "p",
            _(
                "[[The code you follow, such as that of your press council, with a link, or your own rules. Keep below only what you do.]]"
            ),
        ),
        ("h2", _("Sources")),
        ("p", _("[[When you quote somebody without a name, and who in the newsroom must know the name.]]")),
        ("h2", _("Interests")),
        ("p", _("[[What your journalists may not accept, and what they must tell readers of.]]")),
        ("h2", _("Machines")),
        (
            "p",
            _(
                "[[What you use automatic writing, translation or pictures for, who checks it, and how readers can tell.]]"
            ),
        ),
        ("h2", _("Complaints")),
        ("p", _("[[To whom, and in what time they are answered; your press council, if you belong to one.]]")),
    ],
)

CORRECTIONS_POLICY = StartingPage(
    "corrections-policy",
    _("Corrections policy"),
    [
        ("p", _("When we were wrong we say so, in the story itself. Each version of a published story is kept.")),
        ("li", _("A correction: something was wrong. The story says what, and since when it is right.")),
        ("li", _("A clarification: something was right but could mislead.")),
        ("li", _("An update: there is more news.")),
        ("p", _("A story that is taken down leaves a notice at its address.")),
        ("p", _("Tell us of a mistake: [[the address for corrections]]. [[In what time you answer.]]")),
    ],
)

STARTING_PAGES = (ABOUT, CONTACT, PRIVACY, MASTHEAD, ETHICS, CORRECTIONS_POLICY)
