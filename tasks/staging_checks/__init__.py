"""What a candidate is examined by before anybody is asked to approve it, a check a file."""
