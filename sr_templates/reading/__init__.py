"""Structured reports of any vendor, read: `content_tree.read_report` makes a tree of a data set.

Whatever is not understood is listed with the reason; nothing in a report stops the reading.
"""
