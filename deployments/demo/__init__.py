"""The demo: a world of patients that drifts, its clients, and one turn of the loop."""
