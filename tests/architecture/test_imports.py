"""Who may import whom (DESIGN.md section 2), and how large a module may be (STYLE.md 8)."""

import ast

import pytest

from tests.architecture.modules import ALL, FUNCTIONS, OURS, Module

FEATURES = {module.feature for module in OURS.values()} - {None}
MODULES = pytest.mark.parametrize("module", OURS.values(), ids=lambda module: module.name)

# What may be used of a feature by every other: its API and its rules.
OPEN = {"models", "rules", "kinds", "rows"}
OPEN |= {"answers", "sums"}  # of invoices: what other documents have in common with them
# And what many things cause: an entry of a client's history, a mail, a task.
CAUSED = {
    "tallybook.history.entries",
    "tallybook.mail.attachments",
    "tallybook.mail.many",
    "tallybook.mail.queueing",
    "tallybook.missed.making",
    "tallybook.tasks.making",
}
# And by one other, because a change of both is one transaction.
ALLOWED = {
    ("tallybook.clients.creation", "tallybook.settings.store"),  # numbering and currency
    ("tallybook.clients.numbers", "tallybook.settings.store"),
    ("tallybook.clients.overview", "tallybook.payments.mapping"),  # rows as their list has them
    ("tallybook.clients.overview", "tallybook.settings.store"),  # what day it is
    ("tallybook.clients.store", "tallybook.staff.guard"),  # the AR specialist
    ("tallybook.clients.store", "tallybook.workflows.guard"),
    ("tallybook.contacts.store", "tallybook.clients.records"),  # which contact is primary
    ("tallybook.contacts.creation", "tallybook.clients.records"),
    ("tallybook.contacts.creation", "tallybook.clients.attention"),  # reminders go to others now
    ("tallybook.contacts.store", "tallybook.clients.attention"),
    ("tallybook.contacts.store", "tallybook.inbound.reach"),  # whose messages are a contact's
    ("tallybook.contacts.creation", "tallybook.inbound.reach"),
    ("tallybook.missed.activating", "tallybook.clients.store"),
    ("tallybook.missed.deciding", "tallybook.clients.presence"),  # is it still suspended?
    ("tallybook.missed.deciding", "tallybook.settings.store"),  # what day it is
    ("tallybook.missed.doing", "tallybook.clients.attention"),  # who does a step after all
    ("tallybook.missed.doing", "tallybook.clients.presence"),
    ("tallybook.missed.doing", "tallybook.clients.records"),
    ("tallybook.missed.doing", "tallybook.invoices.records"),  # where it stands what was done
    ("tallybook.missed.doing", "tallybook.recurring.running"),  # a period that is invoiced late
    ("tallybook.missed.listing", "tallybook.clients.presence"),
    ("tallybook.tasks.making", "tallybook.clients.records"),  # who it is about
    ("tallybook.tasks.listing", "tallybook.clients.names"),  # whose each is
    ("tallybook.tasks.listing", "tallybook.clients.presence"),
    ("tallybook.tasks.store", "tallybook.clients.presence"),
    ("tallybook.tasks.store", "tallybook.ledger.books"),  # one read
    ("tallybook.tasks.store", "tallybook.staff.guard"),  # who has to do it
    ("tallybook.chasing.doing", "tallybook.clients.attention"),  # has anybody called since?
    ("tallybook.chasing.doing", "tallybook.invoices.records"),  # what was done is marked on them
    ("tallybook.chasing.doing", "tallybook.invoices.standing"),  # a late fee adds to what is due
    ("tallybook.chasing.doing", "tallybook.ledger.closing"),
    ("tallybook.chasing.doing", "tallybook.ledger.posting"),
    ("tallybook.chasing.doing", "tallybook.services.switching"),
    ("tallybook.chasing.looking", "tallybook.clients.attention"),
    ("tallybook.chasing.looking", "tallybook.promises.standing"),  # which were broken
    ("tallybook.chasing.looking", "tallybook.services.switching"),
    ("tallybook.chasing.reminding", "tallybook.links.making"),  # by which it is paid
    ("tallybook.chasing.reminding", "tallybook.mail.letterhead"),
    ("tallybook.chasing.reminding", "tallybook.mail.rendering"),  # the text of an SMS
    ("tallybook.chasing.reminding", "tallybook.sms.queueing"),
    ("tallybook.chasing.seeing", "tallybook.clients.records"),  # all that decides, read together
    ("tallybook.chasing.seeing", "tallybook.contacts.household"),
    ("tallybook.chasing.people", "tallybook.clients.records"),
    ("tallybook.chasing.people", "tallybook.contacts.household"),
    ("tallybook.chasing.people", "tallybook.contacts.records"),
    ("tallybook.chasing.seeing", "tallybook.invoices.records"),
    ("tallybook.chasing.seeing", "tallybook.promises.standing"),
    ("tallybook.chasing.seeing", "tallybook.services.records"),
    ("tallybook.chasing.seeing", "tallybook.services.switching"),
    ("tallybook.chasing.seeing", "tallybook.settings.records"),
    ("tallybook.chasing.seeing", "tallybook.settings.store"),
    ("tallybook.chasing.seeing", "tallybook.workflows.reading"),
    ("tallybook.chasing.sending", "tallybook.clients.attention"),
    ("tallybook.chasing.sending", "tallybook.contacts.recipients"),  # whom it goes to
    ("tallybook.chasing.sending", "tallybook.invoices.records"),
    ("tallybook.chasing.sending", "tallybook.invoices.sending"),
    ("tallybook.promises.standing", "tallybook.clients.attention"),  # has anybody called since?
    ("tallybook.promises.standing", "tallybook.clients.records"),
    ("tallybook.promises.standing", "tallybook.ledger.reading"),  # what was paid on it
    ("tallybook.promises.store", "tallybook.clients.attention"),  # steps pause, or go on
    ("tallybook.promises.store", "tallybook.clients.presence"),
    ("tallybook.promises.store", "tallybook.history.records"),
    ("tallybook.promises.store", "tallybook.ledger.books"),  # one read
    ("tallybook.promises.store", "tallybook.settings.store"),  # what day it is
    ("tallybook.ledger.posting", "tallybook.clients.account"),  # what a client owes, in all
    ("tallybook.ledger.posting", "tallybook.clients.records"),
    ("tallybook.ledger.closing", "tallybook.settings.store"),  # up to when the books are closed
    ("tallybook.ledger.reading", "tallybook.clients.presence"),  # no ledger of nobody
    ("tallybook.ledger.reading", "tallybook.clients.records"),  # in which currencies it is
    ("tallybook.ledger.statements", "tallybook.clients.presence"),
    ("tallybook.ledger.statements", "tallybook.clients.records"),  # what it owes now
    ("tallybook.ledger.statements", "tallybook.settings.store"),  # which day it is
    ("tallybook.ledger.receivables", "tallybook.clients.names"),  # who owes it
    ("tallybook.ledger.dashboard", "tallybook.clients.names"),
    ("tallybook.ledger.papers", "tallybook.clients.presence"),
    ("tallybook.ledger.papers", "tallybook.invoices.papers"),  # who a paper is from and for
    ("tallybook.ledger.sending", "tallybook.clients.presence"),  # may it be sent?
    ("tallybook.ledger.sending", "tallybook.contacts.household"),  # to whom
    ("tallybook.ledger.sending", "tallybook.contacts.recipients"),
    ("tallybook.ledger.books", "tallybook.clients.records"),  # read together, for every booking
    ("tallybook.ledger.books", "tallybook.settings.records"),
    ("tallybook.ledger.books", "tallybook.settings.store"),
    ("tallybook.invoices.drafts", "tallybook.clients.presence"),  # no draft for who is not there
    ("tallybook.invoices.drafts", "tallybook.workflows.guard"),
    ("tallybook.invoices.drafts", "tallybook.ledger.books"),
    ("tallybook.invoices.collecting", "tallybook.clients.attention"),  # what is disputed rests
    ("tallybook.invoices.ending", "tallybook.ledger.books"),
    ("tallybook.invoices.ending", "tallybook.ledger.closing"),
    ("tallybook.invoices.ending", "tallybook.ledger.posting"),
    ("tallybook.invoices.ending", "tallybook.payments.credits"),  # what paid it is credit again
    ("tallybook.invoices.listing", "tallybook.clients.names"),
    ("tallybook.invoices.listing", "tallybook.ledger.books"),
    ("tallybook.invoices.listing", "tallybook.settings.store"),  # where it is which day
    ("tallybook.invoices.sending", "tallybook.clients.presence"),
    ("tallybook.invoices.sending", "tallybook.clients.records"),
    ("tallybook.invoices.sending", "tallybook.contacts.household"),
    ("tallybook.invoices.sending", "tallybook.contacts.recipients"),  # whom it goes to
    ("tallybook.invoices.sending", "tallybook.links.making"),  # by which it is paid
    ("tallybook.invoices.finalizing", "tallybook.clients.records"),
    ("tallybook.invoices.finalizing", "tallybook.ledger.books"),
    ("tallybook.invoices.finalizing", "tallybook.ledger.closing"),
    ("tallybook.invoices.finalizing", "tallybook.ledger.posting"),
    ("tallybook.invoices.finalizing", "tallybook.numbering.series"),
    ("tallybook.invoices.packing", "tallybook.clients.records"),
    ("tallybook.invoices.packing", "tallybook.ledger.books"),
    ("tallybook.invoices.packing", "tallybook.ledger.closing"),
    ("tallybook.invoices.packing", "tallybook.ledger.posting"),
    ("tallybook.invoices.packing", "tallybook.numbering.series"),
    ("tallybook.invoices.packing", "tallybook.settings.records"),
    ("tallybook.invoices.packing", "tallybook.settings.store"),
    ("tallybook.numbering.store", "tallybook.settings.store"),  # how numbers look
    ("tallybook.invoices.mapping", "tallybook.clients.records"),  # whose terms a draft has
    ("tallybook.invoices.papers", "tallybook.clients.records"),  # whom a document is for
    ("tallybook.invoices.reading", "tallybook.ledger.books"),
    ("tallybook.credit_notes.issuing", "tallybook.invoices.papers"),  # an invoice the other way
    ("tallybook.credit_notes.issuing", "tallybook.invoices.records"),
    ("tallybook.credit_notes.issuing", "tallybook.invoices.standing"),
    ("tallybook.credit_notes.issuing", "tallybook.invoices.sums"),
    ("tallybook.credit_notes.issuing", "tallybook.ledger.books"),
    ("tallybook.credit_notes.issuing", "tallybook.ledger.closing"),
    ("tallybook.credit_notes.issuing", "tallybook.ledger.posting"),
    ("tallybook.credit_notes.issuing", "tallybook.numbering.series"),
    ("tallybook.credit_notes.issuing", "tallybook.payments.booking"),  # and a credit
    ("tallybook.credit_notes.issuing", "tallybook.payments.choosing"),
    ("tallybook.credit_notes.issuing", "tallybook.payments.credits"),
    ("tallybook.credit_notes.mapping", "tallybook.invoices.papers"),
    ("tallybook.credit_notes.mapping", "tallybook.invoices.sums"),
    ("tallybook.credit_notes.mapping", "tallybook.payments.mapping"),
    ("tallybook.credit_notes.papers", "tallybook.invoices.papers"),
    ("tallybook.credit_notes.papers", "tallybook.invoices.sums"),
    ("tallybook.credit_notes.store", "tallybook.clients.presence"),
    ("tallybook.credit_notes.store", "tallybook.payments.deeds"),
    ("tallybook.payments.credits", "tallybook.credit_notes.records"),  # both are credits
    ("tallybook.payments.credits", "tallybook.invoices.records"),  # what a credit pays
    ("tallybook.payments.credits", "tallybook.invoices.standing"),
    ("tallybook.payments.credits", "tallybook.ledger.posting"),
    ("tallybook.payments.applying", "tallybook.ledger.books"),  # a credit is booked as it is used
    ("tallybook.payments.applying", "tallybook.ledger.closing"),
    ("tallybook.payments.deeds", "tallybook.ledger.closing"),  # on which days a deed can be booked
    ("tallybook.payments.applying", "tallybook.ledger.posting"),
    ("tallybook.payments.booking", "tallybook.invoices.standing"),
    ("tallybook.payments.booking", "tallybook.ledger.posting"),
    ("tallybook.payments.choosing", "tallybook.invoices.records"),
    ("tallybook.payments.choosing", "tallybook.invoices.standing"),
    ("tallybook.payments.choosing", "tallybook.ledger.books"),
    ("tallybook.payments.deeds", "tallybook.history.records"),
    ("tallybook.payments.deeds", "tallybook.ledger.books"),
    ("tallybook.payments.recording", "tallybook.history.records"),
    ("tallybook.payments.recording", "tallybook.ledger.books"),
    ("tallybook.payments.recording", "tallybook.ledger.closing"),
    ("tallybook.payments.recording", "tallybook.ledger.posting"),
    ("tallybook.payments.refunding", "tallybook.ledger.books"),
    ("tallybook.payments.refunding", "tallybook.ledger.closing"),
    ("tallybook.payments.refunding", "tallybook.ledger.posting"),
    ("tallybook.payments.reversing", "tallybook.invoices.records"),
    ("tallybook.payments.reversing", "tallybook.ledger.books"),
    ("tallybook.payments.reversing", "tallybook.ledger.closing"),
    ("tallybook.payments.reversing", "tallybook.ledger.posting"),
    ("tallybook.payments.sending", "tallybook.clients.presence"),
    ("tallybook.payments.sending", "tallybook.contacts.household"),
    ("tallybook.payments.sending", "tallybook.contacts.recipients"),
    ("tallybook.payments.sending", "tallybook.credit_notes.records"),
    ("tallybook.payments.sending", "tallybook.ledger.books"),
    ("tallybook.payments.sending", "tallybook.mail.attachments"),
    ("tallybook.payments.store", "tallybook.clients.names"),  # whose a row is
    ("tallybook.payments.store", "tallybook.clients.presence"),
    ("tallybook.clients.removal", "tallybook.documents.bucket"),
    ("tallybook.clients.removal", "tallybook.inbound.reach"),
    ("tallybook.clients.removal", "tallybook.inbound.bucket"),
    ("tallybook.documents.subjects", "tallybook.clients.presence"),  # papers show all of billing
    ("tallybook.documents.subjects", "tallybook.clients.records"),
    ("tallybook.documents.subjects", "tallybook.credit_notes.papers"),
    ("tallybook.documents.subjects", "tallybook.credit_notes.records"),
    ("tallybook.documents.subjects", "tallybook.estimates.papers"),
    ("tallybook.documents.subjects", "tallybook.estimates.records"),
    ("tallybook.documents.subjects", "tallybook.invoices.papers"),
    ("tallybook.documents.subjects", "tallybook.invoices.records"),
    ("tallybook.documents.subjects", "tallybook.ledger.papers"),
    ("tallybook.documents.subjects", "tallybook.ledger.statements"),
    ("tallybook.documents.subjects", "tallybook.papers.languages"),
    ("tallybook.documents.subjects", "tallybook.payments.records"),
    ("tallybook.documents.receipts", "tallybook.clients.records"),
    ("tallybook.documents.receipts", "tallybook.invoices.papers"),
    ("tallybook.documents.receipts", "tallybook.payments.records"),
    ("tallybook.documents.logos", "tallybook.papers.logos"),  # what can be drawn
    ("tallybook.documents.making", "tallybook.papers.pdf"),  # values in, bytes out
    ("tallybook.documents.making", "tallybook.einvoices.cii"),
    ("tallybook.documents.making", "tallybook.einvoices.facturx"),
    ("tallybook.documents.making", "tallybook.einvoices.ubl"),
    ("tallybook.documents.making", "tallybook.invoices.einvoice"),  # what an e-invoice lacks
    ("tallybook.documents.downloads", "tallybook.settings.store"),
    ("tallybook.documents.working", "tallybook.settings.store"),
    ("tallybook.documents.working", "tallybook.mail.letters"),  # what it carries
    ("tallybook.documents.working", "tallybook.mail.queue"),
    ("tallybook.mail.carrying", "tallybook.documents.bucket"),
    ("tallybook.outbox.routing", "tallybook.documents.queue"),
    ("tallybook.inbound.senders", "tallybook.clients.reached"),  # who a message is from
    ("tallybook.inbound.taking", "tallybook.clients.records"),  # no entries of nobody
    ("tallybook.inbound.taking", "tallybook.history.records"),  # one entry of a message
    ("tallybook.inbound.store", "tallybook.clients.records"),
    ("tallybook.inbound.store", "tallybook.contacts.records"),
    ("tallybook.inbound.store", "tallybook.history.records"),
    ("tallybook.inbound.remembering", "tallybook.clients.store"),  # an address it did not know
    ("tallybook.inbound.remembering", "tallybook.contacts.store"),
    ("tallybook.contacts.household", "tallybook.clients.records"),  # read as one
    ("tallybook.contacts.store", "tallybook.portal.standing"),  # whose address goes, loses access
    ("tallybook.clients.store", "tallybook.portal.standing"),
    ("tallybook.clients.store", "tallybook.contacts.household"),
    ("tallybook.clients.removal", "tallybook.portal.standing"),  # its users lose access
    ("tallybook.portal.standing", "tallybook.clients.records"),  # clients and contacts say who came
    ("tallybook.portal.standing", "tallybook.contacts.household"),
    ("tallybook.portal.standing", "tallybook.contacts.records"),
    ("tallybook.portal.memberships", "tallybook.clients.records"),  # is it suspended?
    ("tallybook.portal.memberships", "tallybook.contacts.household"),
    ("tallybook.portal.signin", "tallybook.clients.records"),  # what users see of their clients
    ("tallybook.portal.signin", "tallybook.contacts.household"),
    ("tallybook.portal.access", "tallybook.mail.composing"),  # the one mail that mail cannot write
    ("tallybook.portal.access", "tallybook.mail.letters"),
    ("tallybook.portal.access", "tallybook.mail.rendering"),
    ("tallybook.portal.access", "tallybook.mail.holding"),
    ("tallybook.portal.access", "tallybook.mail.sending"),
    ("tallybook.portal.invitations", "tallybook.contacts.household"),
    ("tallybook.contacts.store", "tallybook.workflows.guard"),
    ("tallybook.settings.store", "tallybook.workflows.guard"),
    ("tallybook.workflows.store", "tallybook.settings.store"),  # the firm's own is not deleted
    ("tallybook.workflows.outlook", "tallybook.chasing.seeing"),  # it is what a look would do
    ("tallybook.workflows.outlook", "tallybook.contacts.recipients"),
    ("tallybook.workflows.outlook", "tallybook.promises.standing"),
    ("tallybook.workflows.rehearsing", "tallybook.chasing.seeing"),
    ("tallybook.workflows.coming", "tallybook.chasing.seeing"),
    ("tallybook.workflows.coming", "tallybook.invoices.records"),
    ("tallybook.workflows.coming", "tallybook.recurring.making"),  # what a run would make
    ("tallybook.workflows.coming", "tallybook.recurring.mapping"),
    ("tallybook.workflows.coming", "tallybook.recurring.records"),
    ("tallybook.workflows.telling", "tallybook.chasing.seeing"),
    ("tallybook.workflows.telling", "tallybook.mail.letterhead"),
    ("tallybook.workflows.telling", "tallybook.mail.rendering"),  # what a mail will say
    ("tallybook.workflows.telling", "tallybook.mail.single"),
    ("tallybook.workflows.telling", "tallybook.mail.templates"),
    ("tallybook.workflows.checking", "tallybook.mail.checking"),  # what an SMS may say
    ("tallybook.workflows.checking", "tallybook.mail.rendering"),
    ("tallybook.workflows.checking", "tallybook.mail.templates"),  # what a reminder is written from
    ("tallybook.workflows.checking", "tallybook.mail.variables"),
    ("tallybook.contacts.creation", "tallybook.workflows.guard"),
    ("tallybook.history.timeline", "tallybook.clients.presence"),  # no list of nobody
    ("tallybook.history.store", "tallybook.clients.presence"),
    ("tallybook.history.store", "tallybook.clients.records"),  # no notes on nobody
    ("tallybook.history.store", "tallybook.contacts.records"),  # who was called
    ("tallybook.imports.entering", "tallybook.clients.imported"),  # what an import does to clients
    ("tallybook.imports.packing", "tallybook.clients.imported"),
    ("tallybook.imports.rehearsing", "tallybook.clients.imported"),
    ("tallybook.imports.undoing", "tallybook.clients.imported"),
    ("tallybook.imports.numbering", "tallybook.clients.numbers"),
    ("tallybook.imports.store", "tallybook.clients.numbers"),
    ("tallybook.imports.store", "tallybook.settings.store"),  # numbering and currency
    ("tallybook.estimates.converting", "tallybook.invoices.drafts"),  # both in one transaction
    ("tallybook.estimates.converting", "tallybook.invoices.mapping"),
    ("tallybook.estimates.creation", "tallybook.clients.presence"),  # none for who is not there
    ("tallybook.estimates.creation", "tallybook.ledger.books"),  # one read
    ("tallybook.estimates.creation", "tallybook.numbering.series"),
    ("tallybook.estimates.deciding", "tallybook.clients.presence"),
    ("tallybook.estimates.listing", "tallybook.clients.names"),  # whose each is
    ("tallybook.estimates.listing", "tallybook.ledger.books"),
    ("tallybook.estimates.listing", "tallybook.settings.store"),  # what day it is
    ("tallybook.estimates.mapping", "tallybook.invoices.papers"),  # who it is from and for
    ("tallybook.estimates.mapping", "tallybook.ledger.books"),
    ("tallybook.estimates.papers", "tallybook.clients.records"),
    ("tallybook.estimates.papers", "tallybook.invoices.papers"),
    ("tallybook.estimates.reading", "tallybook.ledger.books"),
    ("tallybook.estimates.sending", "tallybook.clients.presence"),  # may it be sent?
    ("tallybook.estimates.sending", "tallybook.contacts.household"),  # and to whom?
    ("tallybook.estimates.sending", "tallybook.contacts.recipients"),
    ("tallybook.estimates.sending", "tallybook.ledger.books"),
    ("tallybook.estimates.store", "tallybook.clients.presence"),
    ("tallybook.links.making", "tallybook.clients.presence"),  # no link for who is not there
    ("tallybook.links.making", "tallybook.invoices.records"),  # what is paid by it
    ("tallybook.links.making", "tallybook.ledger.books"),  # one read
    ("tallybook.links.store", "tallybook.clients.presence"),
    ("tallybook.links.paying", "tallybook.invoices.records"),
    ("tallybook.links.paying", "tallybook.ledger.books"),
    ("tallybook.links.paying", "tallybook.portal.address"),
    ("tallybook.papers.letter", "tallybook.mail.colours"),  # a colour that can be read
    ("tallybook.recurring.placeholders", "tallybook.papers.formats"),  # how days are written
    ("tallybook.recurring.making", "tallybook.clients.records"),  # an invoice, as if entered
    ("tallybook.recurring.making", "tallybook.contacts.household"),
    ("tallybook.recurring.making", "tallybook.contacts.recipients"),  # whom it is sent to
    ("tallybook.recurring.making", "tallybook.invoices.finalizing"),
    ("tallybook.recurring.making", "tallybook.invoices.mapping"),
    ("tallybook.recurring.making", "tallybook.invoices.records"),
    ("tallybook.recurring.making", "tallybook.invoices.sending"),
    ("tallybook.recurring.dealing", "tallybook.invoices.records"),  # that one waits to be sent
    ("tallybook.recurring.dealing", "tallybook.clients.records"),
    ("tallybook.recurring.dealing", "tallybook.invoices.drafts"),
    ("tallybook.recurring.dealing", "tallybook.invoices.packing"),  # one transaction for many
    ("tallybook.recurring.dealing", "tallybook.missed.making"),
    ("tallybook.recurring.dealing", "tallybook.tasks.making"),
    ("tallybook.recurring.running", "tallybook.clients.presence"),
    ("tallybook.recurring.running", "tallybook.invoices.packing"),
    ("tallybook.recurring.entering", "tallybook.ledger.books"),
    ("tallybook.recurring.reading", "tallybook.ledger.books"),  # one read
    ("tallybook.recurring.store", "tallybook.ledger.books"),
    ("tallybook.recurring.store", "tallybook.clients.presence"),
    ("tallybook.recurring.store", "tallybook.workflows.guard"),
    ("tallybook.recurring.listing", "tallybook.clients.names"),  # whose each is
    ("tallybook.recurring.listing", "tallybook.clients.presence"),
    ("tallybook.recurring.previewing", "tallybook.clients.records"),
    ("tallybook.clients.overview", "tallybook.recurring.mapping"),
    ("tallybook.mail.composing", "tallybook.clients.records"),  # whom a mail is to
    ("tallybook.mail.letterhead", "tallybook.clients.records"),
    ("tallybook.mail.composing", "tallybook.settings.store"),  # and whom it is from
    ("tallybook.mail.holding", "tallybook.clients.records"),  # is it still suspended?
    ("tallybook.mail.holding", "tallybook.sms.records"),  # an SMS is held like a mail
    ("tallybook.mail.letters", "tallybook.clients.records"),  # may it still be sent?
    ("tallybook.mail.withdrawing", "tallybook.clients.attention"),  # who misses what is taken back
    ("tallybook.mail.withdrawing", "tallybook.clients.records"),
    ("tallybook.mail.withdrawing", "tallybook.invoices.records"),  # where it says what was sent
    ("tallybook.mail.withdrawing", "tallybook.sms.records"),
    ("tallybook.mail.events", "tallybook.clients.records"),  # whose addresses are given up
    ("tallybook.mail.events", "tallybook.history.records"),
    ("tallybook.mail.store", "tallybook.clients.presence"),
    ("tallybook.mail.store", "tallybook.clients.records"),
    ("tallybook.imports.reporting", "tallybook.settings.store"),  # the firm's address
    ("tallybook.outbox.routing", "tallybook.imports.dispatch"),  # where work goes
    ("tallybook.outbox.routing", "tallybook.mail.queue"),
    ("tallybook.outbox.routing", "tallybook.portal.queue"),
    ("tallybook.outbox.routing", "tallybook.sms.queue"),
    ("tallybook.outbox.routing", "tallybook.chasing.queue"),
    ("tallybook.outbox.due", "tallybook.chasing.queue"),
    ("tallybook.outbox.due", "tallybook.recurring.queue"),
    ("tallybook.outbox.due", "tallybook.services.queue"),
    ("tallybook.outbox.due", "tallybook.ledger.firm"),  # who has an open invoice
    ("tallybook.outbox.routing", "tallybook.services.queue"),
    ("tallybook.sms.store", "tallybook.clients.presence"),
    ("tallybook.sms.store", "tallybook.clients.records"),  # its number; no SMS to the suspended
    ("tallybook.sms.store", "tallybook.contacts.records"),  # the primary contact's number
    ("tallybook.sms.sending", "tallybook.clients.presence"),
    ("tallybook.sms.sending", "tallybook.clients.records"),  # may it still be sent?
    ("tallybook.sms.sending", "tallybook.mail.holding"),  # what waits for its client is one list
    ("tallybook.services.concluding", "tallybook.clients.presence"),  # no task of nobody
    ("tallybook.services.concluding", "tallybook.ledger.books"),  # whose task it is, and what day
    ("tallybook.services.deciding", "tallybook.clients.attention"),  # what a step does, changes
    ("tallybook.services.deciding", "tallybook.ledger.books"),
    ("tallybook.services.deliveries", "tallybook.clients.presence"),
    ("tallybook.services.secrets", "tallybook.clients.presence"),
    ("tallybook.services.store", "tallybook.clients.attention"),
    ("tallybook.services.store", "tallybook.clients.presence"),
}
# The modules of a feature that know its records: they read and write the table.
STORES = {"store", "creation", "deletion", "guard", "index", "mapping", "numbers", "removal"}
STORES |= {"entries", "timeline"}  # of the history
STORES |= {"presence"}  # of clients
STORES |= {"household"}  # of contacts
STORES |= {"memberships", "signin", "standing", "turns"}  # of the portal
STORES |= {"sending"}  # of mail and SMS
STORES |= {"composing", "events", "holding", "letters", "opens", "queueing", "withdrawing"}
STORES |= {"account", "attention", "erasure", "imported"}  # of clients
STORES |= {"posting", "standing", "series"}  # of the ledger, invoices and numbering
STORES |= {"collecting", "drafts", "ending", "finalizing", "finalizing_many", "packing"}
STORES |= {"papers"}  # of documents of all kinds
STORES |= {"converting", "deciding", "revising"}  # of estimates
STORES |= {"making", "paying"}  # of payment links
STORES |= {"dealing", "previewing", "running"}  # of recurring invoices
STORES |= {"applying", "booking", "choosing", "credits", "deeds", "recording", "refunding"}
STORES |= {"reversing", "issuing", "papers"}  # of payments, credit notes too
STORES |= {"listing", "doing"}  # of what was missed
STORES |= {"reach", "taking"}  # of inbound
STORES |= {"concluding", "deliveries", "leases", "secrets", "switching", "telling"}  # of services
STORES |= {"receipts", "subjects"}  # of documents
STORES |= {"changing", "chunks", "cutting", "decisions", "downloads", "entering"}  # of imports
STORES |= {"finishing", "numbering", "reading", "rehearsing", "reporting", "undoing"}
AWS = ("boto3", "botocore", "pynamodb", "aws_lambda_powertools", "mypy_boto3_cognito_idp")
PURE = {
    "steps",
    "fees",
    "addresses",
    "answers",
    "authors",
    "bad_file",
    "bodies",
    "brought",
    "callers",
    "cells",
    "charsets",
    "countries",
    "cursors",
    "dates",
    "decoding",
    "dialect",
    "einvoice",
    "errors",
    "fields",
    "headings",
    "formats",
    "forms",
    "guessing",
    "ids",
    "kinds",
    "layout",
    "lines",
    "markup",
    "messages",
    "mime",
    "models",
    "money",
    "outside",
    "placeholders",
    "postal",
    "problems",
    "replies",
    "rows",
    "rules",
    "signatures",
    "signing",
    "splitting",
    "sums",
    "spreadsheet",
    "tags",
    "telephones",
    "text",
    "tokens",
    "verdicts",
    "_countries",
    "_currencies",
    "_headings",
    "_units",
    "cii",
    "content",
    "elements",
    "facturx",
    "ubl",
}
LONGEST_MODULE = 260
LONGEST_FUNCTION = 45
LONG_TABLES = {"tallybook._countries": 800, "tallybook.imports._headings": 420}  # data only
LONG_TABLES |= {"tallybook.table": 320}  # with the chart of all records
LONG_TABLES |= {"tallybook.errors": 700}  # one tree, of classes that say what they are called
EVERY_MODULE = pytest.mark.parametrize("module", ALL, ids=lambda module: module.name)


def pure(module: Module) -> bool:
    return module.name.rpartition(".")[2] in PURE


@MODULES
def test_the_layer_imports_no_function(module: Module):
    assert not [name for name in module.imports if name.startswith(("functions", "app", "tests"))]


@pytest.mark.parametrize("module", FUNCTIONS.values(), ids=lambda module: module.name)
def test_a_function_knows_features_and_never_their_records_or_aws(module: Module):
    for name in module.imports:
        assert not name.endswith((".records", ".index", ".mapping")), name
        assert not name.startswith(("boto3", "botocore", "pynamodb")), name
        assert name not in ("tallybook.table", "tallybook.dynamodb"), name


@MODULES
def test_what_all_features_share_imports_no_feature(module: Module):
    if module.feature is None:
        imported = {OURS[name].feature for name in module.imports if name in OURS}
        assert imported <= {None}


@MODULES
def test_a_feature_uses_of_another_only_what_is_open_or_allowed(module: Module):
    for name in module.imports:
        other = OURS.get(name)
        if other and other.feature and module.feature and other.feature != module.feature:
            is_open = name.rpartition(".")[2] in OPEN or name in CAUSED
            assert is_open or (module.name, name) in ALLOWED, f"{module.name} imports {name}"


def test_every_allowance_is_used():
    used = {(module.name, name) for module in OURS.values() for name in module.imports}
    assert used >= ALLOWED


@MODULES
def test_records_stay_in_the_stores_of_their_feature(module: Module):
    for name in module.imports:
        if name.endswith(".records") and (module.name, name) not in ALLOWED:
            assert module.name.rpartition(".")[2] in STORES, f"{module.name} imports {name}"
            assert module.feature == OURS[name].feature


@MODULES
def test_pure_modules_know_nothing_of_aws(module: Module):
    if pure(module):
        assert not [name for name in module.imports if name.startswith(AWS)]
        ours = [OURS[name] for name in module.imports if name in OURS]
        assert all(pure(each) for each in ours if each.name != "tallybook")


@MODULES
def test_rules_have_no_clock_and_no_chance(module: Module):
    if module.name.endswith(".rules") or module.name == "tallybook.text":
        assert not module.imports & {"random", "secrets", "time", "os", "uuid"}
        names = {node.attr for node in module.nodes(ast.Attribute)}
        assert not names & {"now", "today", "utcnow"}


def test_there_is_no_circle_of_imports():
    def reachable(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join([*path, name])
        if name in done:
            return
        for other in OURS[name].imports & OURS.keys() - {"tallybook"}:
            reachable(other, (*path, name))
        done.add(name)

    done: set[str] = set()
    for name in OURS:
        reachable(name, ())


@EVERY_MODULE
def test_no_module_is_too_long(module: Module):
    most = LONG_TABLES.get(module.name, LONGEST_MODULE)
    assert len(module.text.splitlines()) <= most


@EVERY_MODULE
def test_no_function_is_too_long(module: Module):
    for function in module.nodes(ast.FunctionDef):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= LONGEST_FUNCTION, f"{function.name} has {length} lines"


@pytest.mark.parametrize("module", ALL, ids=lambda module: module.name)
def test_every_module_says_why_it_exists(module: Module):
    if module.path.name == "__init__.py":
        assert module.text == "", "an __init__.py is empty"
    else:
        assert ast.get_docstring(module.tree)


@pytest.mark.parametrize("module", ALL, ids=lambda module: module.name)
def test_nothing_scans_the_table(module: Module):
    for node in module.nodes(ast.Attribute):
        assert node.attr not in ("scan", "batch_execute_statement", "execute_statement")
    for constant in module.nodes(ast.Constant):
        assert constant.value not in ("scan", "Scan", "ExecuteStatement")


def test_each_variable_of_the_environment_is_read_in_one_module():
    readers: dict[str, set[str]] = {}
    for module in ALL:
        for node in module.nodes(ast.Subscript):
            if ast.unparse(node.value) == "os.environ":
                assert isinstance(node.slice, ast.Constant)
                readers.setdefault(str(node.slice.value), set()).add(module.name)
        assert "getenv" not in module.text
        assert "environ.get" not in module.text
    assert readers == {
        "TABLE_NAME": {"tallybook.table"},
        "SIGNING_SECRET": {"tallybook.signing"},
        "STAFF_POOL_ID": {"tallybook.staff.pool"},
        "IMPORT_BUCKET": {"tallybook.imports.bucket"},
        "IMPORT_QUEUE_URL": {"tallybook.imports.queue"},
        "MAIL_FROM": {"tallybook.mail.ses"},
        "MAIL_DOMAIN": {"tallybook.mail.ses"},
        "MAIL_CONFIGURATION_SET": {"tallybook.mail.ses"},
        "MAIL_RATE": {"tallybook.mail.pace"},
        "MAIL_QUEUE_URL": {"tallybook.mail.queue"},
        "MAIL_EVENTS_QUEUE_URL": {"tallybook.mail.events_queue"},
        "PUBLIC_URL": {"tallybook.mail.pixel"},
        "EVENT_BUS_NAME": {"tallybook.outbox.bus"},
        "PORTAL_POOL_ID": {"tallybook.portal.pool"},
        "PAY_URL": {"tallybook.links.address"},
        "PORTAL_URL": {"tallybook.portal.address"},
        "ACCESS_QUEUE_URL": {"tallybook.portal.queue"},
        "SMS_QUEUE_URL": {"tallybook.sms.queue"},
        "DOCUMENTS_BUCKET": {"tallybook.documents.bucket"},
        "DOCUMENT_QUEUE_URL": {"tallybook.documents.queue"},
        "FONTS_DIR": {"tallybook.papers.fonts"},
        "MAIL_BUCKET": {"tallybook.inbound.bucket"},
        "INBOUND_SMS_QUEUE_URL": {"tallybook.inbound.queue"},
        "CHASE_QUEUE_URL": {"tallybook.chasing.queue"},
        "RECURRING_QUEUE_URL": {"tallybook.recurring.queue"},
        "WEBHOOK_QUEUE_URL": {"tallybook.services.queue"},
    }


def test_the_tree_of_errors_is_drawn_as_it_is():
    from tallybook import errors

    lines = (errors.__doc__ or "").splitlines()
    drawn = {
        line.strip("│├└─ ").split()[0]: line
        for line in lines
        if line.strip("│├└─ ")[:1].isupper() and ("─" in line or line.startswith("Tallybook"))
    }
    classes = {
        name: each
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.TallybookError)
    }
    assert drawn.keys() == classes.keys()
    for name, line in drawn.items():
        parent = classes[name].__base__
        depth = len(classes[name].__mro__) - len(errors.TallybookError.__mro__)
        assert line.index(name) == 4 * depth, name
        if parent is errors.TallybookError:
            assert f"({classes[name].status})" in line, name


def test_every_error_has_a_code_of_its_own():
    from tallybook import errors

    found: dict[str, str] = {}
    for name, each in vars(errors).items():
        if isinstance(each, type) and issubclass(each, errors.TallybookError):
            assert each.status in (500, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 503)
            if name != "InvalidField":  # is an InvalidFields of one field
                assert found.setdefault(each.code, name) == name
