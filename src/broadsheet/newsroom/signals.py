"""What the newsroom tells apps above it. Sent inside the transaction of the act: receivers write, or wait for its commit."""

from django.dispatch import Signal

# An article became public, or a live one says something new. article: Article · version: PublishedVersion
article_published = Signal()

# An article was taken down or deleted. article: Article · version: PublishedVersion
article_unpublished = Signal()

# A picture file was stored, after its row. picture: Picture
picture_taken_in = Signal()
