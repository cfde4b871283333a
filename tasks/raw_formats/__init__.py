"""Raw files of each format, read in batches of rows that all look alike to what follows."""
