"""Workflows in the table."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainListAttribute, PlainMapAttribute, Record


class WorkflowRecord(Record):
    """Steps before and after the due date. One that was deleted stays, and does nothing."""

    KEY = ("WORKFLOW#<workflow_id>", "WORKFLOW")

    listing_pk = UnicodeAttribute(null=True)
    listing_sk = UnicodeAttribute(null=True)
    agenda_pk = UnicodeAttribute(null=True)  # when it was changed: its clients are looked at
    agenda_sk = UnicodeAttribute(null=True)
    row = PlainMapAttribute()  # workflow_id, name, active, steps (how many), created_at
    steps = PlainListAttribute()  # see workflows.models.Step
    deleted_at = UnicodeAttribute(null=True)
    updated_at = UnicodeAttribute()
    version = NumberAttribute()
