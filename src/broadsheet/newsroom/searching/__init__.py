"""Search for readers: what is indexed, how a question is read, how it is answered. The same on both databases.

`find.find` answers a question; `index.index` and `index.forget` keep the index in the transaction of the act. Words are folded
and told apart by `words`, never by a database, so SQLite and PostgreSQL find the same: a backend only stores and matches.
"""
