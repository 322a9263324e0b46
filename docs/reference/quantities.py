"""Every quantity that may be issued, a row each, from the catalogue."""

from models.catalogue import QUANTITIES

from .tables import code, table

_HEAD = """# Quantities

Made from the catalogue. A value outside its limits is impossible, not abnormal, and is refused (`outside_limits`). Views are
the ones that a quantity needs, all of them. How values of several clips combine, and which model gives what, says the
[conformance statement](conformance.md#quantities).
"""


def quantities_page() -> str:
    rows = [
        (
            code(quantity.key),
            quantity.name,
            quantity.unit,
            str(quantity.method),
            ", ".join(code(view) for view in quantity.views),
            "{:g} to {:g}".format(*quantity.limits),
        )
        for quantity in QUANTITIES.values()
    ]
    return f"{_HEAD}\n" + table(["key", "name", "unit", "method", "views", "possible"], rows)
