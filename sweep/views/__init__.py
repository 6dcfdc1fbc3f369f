"""Figures and exported tables, drawn from committed tables: reads, never trains, knows no study."""
