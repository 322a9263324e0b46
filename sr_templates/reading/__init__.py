"""Structured reports of any vendor, read: their content as a tree, their numbers by the keys of the catalogue.

`content_tree.read_report` makes a tree of a data set, `measured_values.measured_values` its numbers, `cart.cart_values` what
the reports of one study state. Whatever is not understood is listed with the reason; nothing in a report stops the reading.
"""
