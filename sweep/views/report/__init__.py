"""The report: one page about one study, which needs no network and no other file."""
