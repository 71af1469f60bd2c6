"""Measures the speed budgets: `python -m tests.bench [NAME ...]` prints each figure beside its bar."""
