"""The command line: argv → a problem → an answer → text on stdout, and an exit code."""
