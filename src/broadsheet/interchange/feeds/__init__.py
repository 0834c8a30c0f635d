"""The newest stories of the publication, a section, a topic or a person, for feed readers: RSS 2.0, Atom, JSON Feed.

`entries.py` says what a feed tells of a story; the three formats write it down, and `views.py` answers at their addresses.
"""
