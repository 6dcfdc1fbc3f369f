"""The worked example for students: its derivation, its spreadsheet, and an auditor of such."""
