"""Reporting systems as they are in the field: three ways of importers to find their fields, each in its own code.

Written from what public importers do, not from our templates: each names its fields in the words of the standard's tables.
"""
