"""What staff do with accounts, their own and readers': one file an act."""
