"""The export of experiments: datasets out of the records, as CSV and Parquet in one archive."""
