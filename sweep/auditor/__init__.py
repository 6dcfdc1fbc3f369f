"""The auditor of somebody's own spreadsheet for the worked example."""
