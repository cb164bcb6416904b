"""Dunning workflows in the table. Nothing makes one yet; clients already refer to them."""

from tallybook.table import Record


class WorkflowRecord(Record):
    KEY = ("WORKFLOW#<workflow_id>", "WORKFLOW")
