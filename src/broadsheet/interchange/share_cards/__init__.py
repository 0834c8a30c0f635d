"""Share cards: the picture that goes with a link when somebody passes a story on.

Drawn by the worker when a story is published (`tasks.py`), kept under a name made of all that stands on it (`files.py`): what
changes on a story changes the name, and a page names a card only once it is there. Until then, and where none can be drawn, the
story's own picture goes with the link.
"""
