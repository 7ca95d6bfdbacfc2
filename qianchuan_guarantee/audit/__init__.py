"""What proves a run: its manifest."""
