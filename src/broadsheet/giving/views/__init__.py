"""Pages of giving: thin, each calls one act."""
