"""What somebody does with an account: one file an act, with its checks, its write and its announcement."""
