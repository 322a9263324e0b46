"""The memory of the node: tables, transactions, the job queue, the audit chain."""
