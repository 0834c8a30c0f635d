"""What somebody does with a gift: one file an act, with its checks, its write and its announcement."""
