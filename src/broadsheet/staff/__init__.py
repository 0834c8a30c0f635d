"""Staff and help desk: second factors, roles, the trail of who did what, and help for readers."""
