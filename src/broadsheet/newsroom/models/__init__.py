"""The newsroom's nouns. Each file holds the shape of one, and the sentences true of one row; what crosses rows is an act."""

from broadsheet.newsroom.models.articles import Article, Kind
from broadsheet.newsroom.models.bylines import Byline, Role
from broadsheet.newsroom.models.compositions import Breaking, Composition, FrontDraft, MostRead
from broadsheet.newsroom.models.files import File
from broadsheet.newsroom.models.front import FrontPage
from broadsheet.newsroom.models.mail_words import MailWords
from broadsheet.newsroom.models.people import Person
from broadsheet.newsroom.models.pictures import Picture, Rendition
from broadsheet.newsroom.models.plain_pages import PlainPage
from broadsheet.newsroom.models.publication import Publication
from broadsheet.newsroom.models.purges import Purge
from broadsheet.newsroom.models.search_entries import SearchEntry
from broadsheet.newsroom.models.sections import Section
from broadsheet.newsroom.models.tombstones import Tombstone
from broadsheet.newsroom.models.topics import Topic
from broadsheet.newsroom.models.versions import ActName, ChangeClass, PublishedVersion

__all__ = [
    "ActName",
    "Article",
    "Breaking",
    "Byline",
    "ChangeClass",
    "Composition",
    "File",
    "FrontDraft",
    "FrontPage",
    "Kind",
    "MailWords",
    "MostRead",
    "Person",
    "Picture",
    "PlainPage",
    "Publication",
    "PublishedVersion",
    "Purge",
    "Rendition",
    "Role",
    "SearchEntry",
    "Section",
    "Tombstone",
    "Topic",
]
