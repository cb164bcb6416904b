"""Every error that a caller of the API can meet, with its HTTP status and code.

TallybookError
├── BadRequest (400)           the request can't be read
│   ├── MalformedJson
│   ├── InvalidCursor
│   └── InvalidIdempotencyKey
├── Unauthenticated (401)
│   └── IdTokenRequired
├── Forbidden (403)
│   └── AccessSuspended
├── NotFound (404)
│   ├── ClientNotFound
│   ├── ContactNotFound
│   ├── StaffMemberNotFound
│   ├── ImportNotFound
│   ├── TemplateNotFound
│   ├── NothingToDownload
│   ├── EmailNotFound
│   ├── NoteNotFound
│   ├── CallNotFound
│   ├── SmsNotFound
│   ├── SuppressionNotFound
│   ├── InboxMessageNotFound
│   ├── InvoiceNotFound
│   ├── EstimateNotFound
│   ├── PaymentNotFound
│   ├── RecurringInvoiceNotFound
│   ├── CreditNoteNotFound
│   ├── ServiceNotFound
│   ├── DeliveryNotFound
│   ├── PaymentLinkNotFound
│   ├── PromiseNotFound
│   ├── TaskNotFound
│   ├── MissedNotFound
│   └── WorkflowNotFound
├── MethodNotAllowed (405)
├── Conflict (409)             with what is stored
│   ├── NumberTaken
│   ├── EmailTaken
│   ├── ClientHasInvoices
│   ├── TooManyContacts
│   ├── PrimaryContactRequired
│   ├── LastOwner
│   ├── StaffMemberExists
│   ├── AlreadySignedIn
│   ├── ImportNotReady
│   ├── ImportNotUndoable
│   ├── ClientSuspended
│   ├── NoEmailAddress
│   ├── NoTelephoneNumber
│   ├── InvoicingByPrint
│   ├── EmailNotRepeatable
│   ├── TemplateExists
│   ├── TooManyTemplates
│   ├── NotADraft
│   ├── IsADraft
│   ├── InvoiceNotOpen
│   ├── SeriesNumberTaken
│   ├── SeriesInUse
│   ├── TooManyPayments
│   ├── EstimateClosed
│   ├── PaymentReversed
│   ├── NothingLeft
│   ├── UsedTooOften
│   ├── AccountPaymentOff
│   ├── RecurringInvoiceEnded
│   ├── RecurringInvoiceNotPaused
│   ├── RecurringInvoiceDeleted
│   ├── TooManyServices
│   ├── ServiceUnchanged
│   ├── ServicePaidThrough
│   ├── NothingOverdue
│   ├── NoWebhook
│   ├── DeliveryPending
│   ├── PromiseOver
│   ├── WorkflowInUse
│   ├── IdempotencyKeyReused
│   └── Busy                   too many changes at once; try again
├── StaleVersion (412)         If-Match named another version
├── BodyTooLarge (413)
├── UnsupportedMediaType (415)
├── InvalidFields (422)
│   └── InvalidField           one field, found wrong by a rule or the table
└── Unavailable (503)          the table is throttling
    └── NoAnswer               it said nothing in time; a change may have been made
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar


class TallybookError(Exception):
    """An error with an HTTP status, a stable `code`, and a `detail` for people."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    detail: str = "Something went wrong on our side."
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, detail: str | None = None) -> None:
        if detail is not None:
            self.detail = detail
        super().__init__(self.detail)


class BadRequest(TallybookError):
    status = 400
    code = "bad_request"
    title = "The request cannot be read"


class MalformedJson(BadRequest):
    code = "malformed_json"
    title = "The body is not JSON"


class InvalidCursor(BadRequest):
    code = "invalid_cursor"
    title = "The cursor does not belong to this list"
    detail = "Give next_cursor of the same list, with the same filters and order."


class InvalidIdempotencyKey(BadRequest):
    code = "invalid_idempotency_key"
    title = "The Idempotency-Key cannot be used"
    detail = "Give 1 to 255 printable ASCII characters, for example a UUID."


class Unauthenticated(TallybookError):
    status = 401
    code = "unauthenticated"
    title = "Sign in first"
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer error="invalid_token"'})


class IdTokenRequired(Unauthenticated):
    code = "id_token_required"
    title = "Only ID tokens are accepted"
    detail = "Send the ID token of the sign-in, not its access token."


class Forbidden(TallybookError):
    status = 403
    code = "forbidden"
    title = "Your role does not allow this"


class AccessSuspended(Forbidden):
    code = "access_suspended"
    title = "Your access is suspended"
    detail = "None of your accounts can be used at present. Ask the firm that invited you."


class NotFound(TallybookError):
    status = 404
    code = "not_found"
    title = "There is nothing here"


class ClientNotFound(NotFound):
    code = "client_not_found"
    title = "There is no such client"
    detail = "No client has this id."


class ContactNotFound(NotFound):
    code = "contact_not_found"
    title = "There is no such contact"
    detail = "The client has no contact with this id."


class StaffMemberNotFound(NotFound):
    code = "staff_member_not_found"
    title = "There is no such staff member"
    detail = "No staff member has this id."


class ImportNotFound(NotFound):
    code = "import_not_found"
    title = "There is no such import"
    detail = "No import has this id."


class TemplateNotFound(NotFound):
    code = "template_not_found"
    title = "There is no such e-mail template"
    detail = "No e-mail template has this name."


class NothingToDownload(NotFound):
    code = "nothing_to_download"
    title = "There is no such file"


class EmailNotFound(NotFound):
    code = "email_not_found"
    title = "There is no such e-mail"
    detail = "The client has no e-mail with this id."


class SuppressionNotFound(NotFound):
    code = "suppression_not_found"
    title = "Mail to this address is not suppressed"
    detail = "The address is not on the client's suppression list."


class NoteNotFound(NotFound):
    code = "note_not_found"
    title = "There is no such note"
    detail = "The client has no note with this id."


class CallNotFound(NotFound):
    code = "call_not_found"
    title = "There is no such call"
    detail = "The client has no call with this id."


class SmsNotFound(NotFound):
    code = "sms_not_found"
    title = "There is no such SMS"
    detail = "The client has no SMS with this id."


class InboxMessageNotFound(NotFound):
    code = "inbox_message_not_found"
    title = "There is no such message in the inbox"
    detail = "No message with this id waits; it may have been assigned or deleted meanwhile."


class InvoiceNotFound(NotFound):
    code = "invoice_not_found"
    title = "There is no such invoice"
    detail = "The client has no invoice with this id."


class EstimateNotFound(NotFound):
    code = "estimate_not_found"
    title = "There is no such estimate"
    detail = "The client has no estimate with this id."


class PaymentNotFound(NotFound):
    code = "payment_not_found"
    title = "There is no such payment"
    detail = "The client has no payment with this id."


class RecurringInvoiceNotFound(NotFound):
    code = "recurring_invoice_not_found"
    title = "There is no such recurring invoice"
    detail = "The client has no recurring invoice with this id."


class CreditNoteNotFound(NotFound):
    code = "credit_note_not_found"
    title = "There is no such credit note"
    detail = "The client has no credit note with this id."


class PaymentLinkNotFound(NotFound):
    code = "payment_link_not_found"
    title = "There is no such payment link"
    detail = "The link is unknown, has expired or was revoked. Ask for a new one."


class ServiceNotFound(NotFound):
    code = "service_not_found"
    title = "There is no such service"
    detail = "The client has no service with this id."


class DeliveryNotFound(NotFound):
    code = "delivery_not_found"
    title = "There is no such delivery"
    detail = "The service has no delivery with this id."


class PromiseNotFound(NotFound):
    code = "promise_not_found"
    title = "There is no such promise"
    detail = "The client has no promise to pay with this id."


class TaskNotFound(NotFound):
    code = "task_not_found"
    title = "There is no such task"
    detail = "The client has no task with this id."


class MissedNotFound(NotFound):
    code = "missed_not_found"
    title = "There is no such thing to decide about"
    detail = "Nothing of the client's that was missed has this id; it may have been decided."


class WorkflowNotFound(NotFound):
    code = "workflow_not_found"
    title = "There is no such workflow"
    detail = "No workflow has this id."


class MethodNotAllowed(TallybookError):
    status = 405
    code = "method_not_allowed"
    title = "The resource does not know this method"

    def __init__(self, allowed: list[str]) -> None:
        super().__init__(f"Use {' or '.join(allowed)}.")
        self.headers = {"Allow": ", ".join(allowed)}


class Conflict(TallybookError):
    status = 409
    code = "conflict"
    title = "The request conflicts with what is stored"


class NumberTaken(Conflict):
    code = "number_taken"
    title = "Another client has this number"

    def __init__(self, number: str) -> None:
        super().__init__(f"number: {number!r} belongs to another client.")


class EmailTaken(Conflict):
    code = "email_taken"
    title = "Another client has this e-mail address"

    def __init__(self, email: str) -> None:
        super().__init__(f"emails.0: {email!r} is the first address of another client.")


class ClientHasInvoices(Conflict):
    code = "client_has_finalized_invoices"
    title = "The client has finalized invoices, payments or credit notes"
    detail = "Say erase=true to keep the books and erase the personal data."


class TooManyContacts(Conflict):
    code = "too_many_contacts"
    title = "The client has as many contacts as it can have"

    def __init__(self, most: int) -> None:
        super().__init__(f"A client can have {most} contacts. Delete one first.")


class PrimaryContactRequired(Conflict):
    code = "primary_contact_required"
    title = "A client with contacts has exactly one primary contact"
    detail = "primary: make another contact the primary one instead."


class LastOwner(Conflict):
    code = "last_owner"
    title = "The firm needs an active owner"
    detail = "Make another active staff member an owner first."


class StaffMemberExists(Conflict):
    code = "staff_member_exists"
    title = "There is a staff member with this e-mail address"

    def __init__(self, email: str) -> None:
        super().__init__(f"email: {email!r} already signs in as staff.")


class AlreadySignedIn(Conflict):
    code = "already_signed_in"
    title = "The staff member is not waiting for an invitation"
    detail = "The member has signed in before; a lost password is reset at sign-in."


class ImportNotReady(Conflict):
    code = "import_not_ready"
    title = "The import is not in a state for this"


class ImportNotUndoable(Conflict):
    code = "import_not_undoable"
    title = "The import cannot be undone"


class ClientSuspended(Conflict):
    code = "client_suspended"
    title = "The client is suspended"
    detail = "Nothing is sent to a suspended client. Activate it first."


class NoTelephoneNumber(Conflict):
    code = "no_telephone_number"
    title = "There is no number to send the SMS to"
    detail = "Neither the client nor its primary contact has a number that takes an SMS: give one."


class NoEmailAddress(Conflict):
    code = "no_email_address"
    title = "There is no e-mail address to send to"
    detail = "Enter an e-mail address first, or write a note instead."


class InvoicingByPrint(Conflict):
    code = "invoicing_by_print"
    title = "The client is invoiced by print"
    detail = (
        "Only clients that are invoiced by e-mail use the portal. Change invoicing_method first."
    )


class EmailNotRepeatable(Conflict):
    code = "email_not_repeatable"
    title = "The e-mail cannot be sent again"


class TemplateExists(Conflict):
    code = "template_exists"
    title = "There is an e-mail template of this name"

    def __init__(self, name: str) -> None:
        super().__init__(f"name: {name!r} is taken. Change that one, or choose another name.")


class TooManyTemplates(Conflict):
    code = "too_many_templates"
    title = "The firm has as many e-mail templates as it can have"

    def __init__(self, most: int) -> None:
        super().__init__(f"There can be {most} beside the built-in ones. Delete one first.")


class NotADraft(Conflict):
    code = "not_a_draft"
    title = "The document is finalized"
    detail = "Only a draft can be changed or deleted. Void it, or write a credit note."


class IsADraft(Conflict):
    code = "is_a_draft"
    title = "The document is a draft"
    detail = "Finalize it first."


class InvoiceNotOpen(Conflict):
    code = "invoice_not_open"
    title = "The invoice is not in a state for this"


class SeriesNumberTaken(Conflict):
    code = "series_number_taken"
    title = "The next number of the series is taken"

    def __init__(self, series: str, number: str) -> None:
        super().__init__(
            f"{number!r} was given before. Set where the series goes on: "
            f"PUT /v1/settings/numbering/{series}."
        )


class SeriesInUse(Conflict):
    code = "series_in_use"
    title = "The series has given numbers"
    detail = "To set its next number would leave a gap."


class TooManyPayments(Conflict):
    code = "too_many_payments"
    title = "Too many payments and credit notes were applied to the invoice"

    def __init__(self, most: int) -> None:
        super().__init__(f"An invoice can be paid by {most} payments and credit notes.")


class EstimateClosed(Conflict):
    code = "estimate_closed"
    title = "The estimate is not in a state for this"


class PaymentReversed(Conflict):
    code = "payment_reversed"
    title = "The payment was reversed"
    detail = "A reversed payment cannot be applied, refunded or reversed again."


class NothingLeft(Conflict):
    code = "nothing_left"
    title = "Nothing is left of it"
    detail = "All of it was applied or refunded before."


class UsedTooOften(Conflict):
    code = "used_too_often"
    title = "The payment or credit note was used too often"

    def __init__(self, most: int, what: str) -> None:
        super().__init__(f"There can be {most:,} {what} of one payment or credit note.")


class AccountPaymentOff(Conflict):
    code = "account_payment_off"
    title = "Clients cannot pay their whole account"
    detail = "Switch portal.account_history on in the settings, or make a link to one invoice."


class RecurringInvoiceEnded(Conflict):
    code = "recurring_invoice_ended"
    title = "The recurring invoice has ended"
    detail = "status: it has reached its end. Give it a later end_date or a greater count first."


class RecurringInvoiceNotPaused(Conflict):
    code = "recurring_invoice_not_paused"
    title = "The recurring invoice is not paused"
    detail = "status: only what is paused can be resumed."


class RecurringInvoiceDeleted(Conflict):
    code = "recurring_invoice_deleted"
    title = "The recurring invoice was deleted"
    detail = "Its invoice cannot be made any more. Drop it."


class TooManyServices(Conflict):
    code = "too_many_services"
    title = "The client has as many services as it can have"

    def __init__(self, most: int) -> None:
        super().__init__(f"A client can have {most} services. Delete one first.")


class ServiceUnchanged(Conflict):
    code = "service_unchanged"
    title = "The service is in that state already"


class ServicePaidThrough(Conflict):
    code = "service_paid_through"
    title = "The service is paid"

    def __init__(self, day: str) -> None:
        super().__init__(f"paid_through: it is paid through {day}. Say force=true to suspend it.")


class NothingOverdue(Conflict):
    code = "nothing_overdue"
    title = "No invoice of the client is overdue"
    detail = "reason: what is suspended for non_payment is given back at once then. Say other."


class NoWebhook(Conflict):
    code = "no_webhook"
    title = "The service has no webhook"


class DeliveryPending(Conflict):
    code = "delivery_pending"
    title = "The delivery waits to be sent"
    detail = "It can be repeated when it was delivered or given up."


class PromiseOver(Conflict):
    code = "promise_over"
    title = "The promise is over"

    def __init__(self, status: str) -> None:
        super().__init__(f"status: the promise is {status}; only a pending one can be cancelled.")


class WorkflowInUse(Conflict):
    code = "workflow_in_use"
    title = "The workflow is the firm's own"
    detail = "settings.workflow_id names it. Name another there first, or none."


class IdempotencyKeyReused(Conflict):
    code = "idempotency_key_reused"
    title = "The Idempotency-Key was used for another request"
    detail = "Use a new key for a new request; a key is remembered for 24 hours."


class Busy(Conflict):
    code = "try_again"
    title = "Others are changing the same thing"
    detail = "Nothing was changed. Try again."
    headers = MappingProxyType({"Retry-After": "1"})


class StaleVersion(TallybookError):
    status = 412
    code = "stale_version"
    title = "The resource has changed"
    detail = "If-Match names an older version. Read it again and repeat the change."


class BodyTooLarge(TallybookError):
    status = 413
    code = "body_too_large"
    title = "The body is too large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A body can have {limit:,} bytes.")


class UnsupportedMediaType(TallybookError):
    status = 415
    code = "unsupported_media_type"
    title = "The body must be JSON"
    detail = "Send the body with Content-Type: application/json."


class InvalidFields(TallybookError):
    """Fields that a rule refuses. `errors` are as pydantic gives them: type, loc, msg."""

    status = 422
    code = "validation_failed"
    title = "The request has invalid fields"

    def __init__(self, errors: Sequence[Any]) -> None:
        super().__init__("Some fields are invalid.")
        self.errors = errors


class InvalidField(InvalidFields):
    """A field whose form is right and whose value cannot be used, such as an unknown staff id."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__([{"type": "value_error", "loc": field.split("."), "msg": message}])


class Unavailable(TallybookError):
    status = 503
    code = "unavailable"
    title = "The service is overloaded"
    detail = "Nothing was changed. Try again in a moment."
    headers = MappingProxyType({"Retry-After": "2"})


class NoAnswer(Unavailable):
    code = "no_answer"
    title = "The table did not answer in time"
    detail = "Whether it was done is not known. Send it again with the same Idempotency-Key."
