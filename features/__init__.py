"""What was known about a customer at a moment: tables, windows and feature families."""
