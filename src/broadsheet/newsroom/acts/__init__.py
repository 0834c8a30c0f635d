"""What an editor does, one file per act: its checks, its writes and its announcement, whichever door leads to it."""
