"""The money desk in the admin: what came in, what waits for people, and the acts with which they put it right."""
