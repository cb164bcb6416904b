import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.imports._headings import ADDRESS, NAMES, QUALIFIED, QUALIFIERS
from tallybook.imports.fields import FIELDS
from tallybook.imports.headings import field_of, suggest
from tallybook.text import fold


def columns(row):
    return [heading.strip() for heading in row.split("|")]


# The headings of real exports and import templates, in their order, between bars; and of each
# field the column that it is taken from. What is not listed must not be suggested.
PROGRAMS = {
    "our own names": (
        "|".join(field.name for field in FIELDS),
        {field.name: field.name for field in FIELDS},
    ),
    "our own labels": (
        "|".join(field.label for field in FIELDS),
        {field.name: field.label for field in FIELDS},
    ),
    "our own rejects": (
        "Line|Reason|" + "|".join(field.label for field in FIELDS),
        {field.name: field.label for field in FIELDS},
    ),
    "QuickBooks Online": (
        """Name|Company name|Customer type|Email|Phone|Mobile|Fax|Website|Street|City|State|ZIP
        |Country|Opening Balance|Date|Resale Number""",
        {
            "business_name": "Company name",
            "email": "Email",
            "telephone": "Phone",
            "street1": "Street",
            "city": "City",
            "state": "State",
            "postal_code": "ZIP",
            "country": "Country",
        },
    ),
    "QuickBooks Online, contact list": (
        "Customer full name|Phone numbers|Email|Full name|Bill address|Ship address",
        {
            "business_name": "Customer full name",
            "telephone": "Phone numbers",
            "email": "Email",
            "street1": "Bill address",
        },
    ),
    "QuickBooks Desktop": (
        """|Active Status|Customer|Balance|Balance Total|Company|Mr./Ms./...|First Name|M.I.
        |Last Name|Primary Contact|Main Phone|Fax|Alt. Phone|Secondary Contact|Job Title
        |Main Email|Bill to 1|Bill to 2|Bill to 3|Ship to 1|Ship to 2|Ship to 3|Customer Type
        |Terms|Rep|Sales Tax Code|Tax item|Resale Num|Account No.|Credit Limit|Job Status""",
        {
            "business_name": "Company",
            "first_name": "First Name",
            "last_name": "Last Name",
            "telephone": "Main Phone",
            "email": "Main Email",
            "number": "Account No.",
        },
    ),
    "Xero": (
        """*ContactName|AccountNumber|EmailAddress|FirstName|LastName|POAttentionTo
        |POAddressLine1|POAddressLine2|POAddressLine3|POAddressLine4|POCity|PORegion
        |POPostalCode|POCountry|SAAttentionTo|SAAddressLine1|SAAddressLine2|SACity|SARegion
        |SAPostalCode|SACountry|PhoneNumber|FaxNumber|MobileNumber|DDINumber|SkypeName
        |BankAccountName|BankAccountNumber|TaxNumber|Discount|DefaultCurrency
        |Person1FirstName|Person1LastName|Person1Email""",
        {
            "business_name": "*ContactName",
            "number": "AccountNumber",
            "email": "EmailAddress",
            "first_name": "FirstName",
            "last_name": "LastName",
            "street1": "POAddressLine1",
            "street2": "POAddressLine2",
            "city": "POCity",
            "state": "PORegion",
            "postal_code": "POPostalCode",
            "country": "POCountry",
            "telephone": "PhoneNumber",
            "currency": "DefaultCurrency",
        },
    ),
    "FreshBooks": (
        """First Name|Last Name|Company Name|Email Address|Phone Number|Address Line 1
        |Address Line 2|City|State|Zip Code|Country""",
        {
            "first_name": "First Name",
            "last_name": "Last Name",
            "business_name": "Company Name",
            "email": "Email Address",
            "telephone": "Phone Number",
            "street1": "Address Line 1",
            "street2": "Address Line 2",
            "city": "City",
            "state": "State",
            "postal_code": "Zip Code",
            "country": "Country",
        },
    ),
    "FreshBooks, classic": (
        """Organization|FirstName|LastName|Email|Street|Street2|City|Province|Country|PostalCode
        |BusPhone|HomePhone|MobPhone|Fax|SecondaryStreet|SecondaryStreet2|SecondaryCity
        |SecondaryProvince|SecondaryCountry|SecondaryPostalCode""",
        {
            "business_name": "Organization",
            "first_name": "FirstName",
            "last_name": "LastName",
            "email": "Email",
            "street1": "Street",
            "street2": "Street2",
            "city": "City",
            "state": "Province",
            "country": "Country",
            "postal_code": "PostalCode",
            "telephone": "BusPhone",
        },
    ),
    "Zoho Books": (
        """Created Time|Last Modified Time|Display Name|Company Name|Salutation|First Name
        |Last Name|Phone|Currency Code|Notes|Website|Status|Credit Limit|Customer Sub Type
        |Billing Attention|Billing Address|Billing Street2|Billing City|Billing State
        |Billing Country|Billing County|Billing Code|Billing Phone|Billing Fax
        |Shipping Attention|Shipping Address|Shipping Street2|Shipping City|Shipping State
        |Shipping Country|Shipping County|Shipping Code|Shipping Phone|Department|Designation
        |Price List|Payment Terms|Payment Terms Label|Owner Name|EmailID|MobilePhone
        |Customer ID|Customer Name|Primary Contact ID|Contact Name|Contact ID""",
        {
            "business_name": "Company Name",
            "first_name": "First Name",
            "last_name": "Last Name",
            "telephone": "Phone",
            "currency": "Currency Code",
            "street1": "Billing Address",
            "street2": "Billing Street2",
            "city": "Billing City",
            "state": "Billing State",
            "country": "Billing Country",
            "postal_code": "Billing Code",
            "email": "EmailID",
            "number": "Customer ID",
        },
    ),
    "Wave": (
        """customer_name|email|contact_first_name|contact_last_name|customer_currency
        |account_number|phone|fax|mobile|toll_free|website|country|province/state
        |address_line_1|address_line_2|city|postal_code/zip_code|shipping_address
        |ship-to_contact|ship-to_country|ship-to_province/state|ship-to_address_line_1
        |ship-to_city|ship-to_postal_code/zip_code|ship-to_phone|delivery_instructions""",
        {
            "business_name": "customer_name",
            "email": "email",
            "first_name": "contact_first_name",
            "last_name": "contact_last_name",
            "currency": "customer_currency",
            "number": "account_number",
            "telephone": "phone",
            "country": "country",
            "state": "province/state",
            "street1": "address_line_1",
            "street2": "address_line_2",
            "city": "city",
            "postal_code": "postal_code/zip_code",
        },
    ),
    "Sage Accounting": (
        """Reference|Company Name|Currency|Credit Limit|Main Address Type|Main Address Line 1
        |Main Address Line 2|Main Address Town|Main Address County|Main Address Post Code
        |Main Address Country|Main Contact Name|Main Contact Phone|Main Contact Type
        |Main Contact Mobile|Main Contact Email|Main Contact Fax|Address 2 Type
        |Address 2 Line 1|Address 2 Line 2|Address 2 Town|Address 2 County|Address 2 Post Code
        |Address 2 Country|VAT Number|Ledger Account|Payment Terms|Notes|Bank Account Name
        |Bank Account Number""",
        {
            "number": "Reference",
            "business_name": "Company Name",
            "currency": "Currency",
            "street1": "Main Address Line 1",
            "street2": "Main Address Line 2",
            "city": "Main Address Town",
            "state": "Main Address County",
            "postal_code": "Main Address Post Code",
            "country": "Main Address Country",
            "telephone": "Main Contact Phone",
            "email": "Main Contact Email",
        },
    ),
    "Sage 50": (
        """Account Reference|Account Name|Street 1|Street 2|Town|County|Postcode|Contact Name
        |Telephone Number|Fax Number|Analysis 1|VAT Registration Number|Country Code|E-mail""",
        {
            "number": "Account Reference",
            "business_name": "Account Name",
            "street1": "Street 1",
            "street2": "Street 2",
            "city": "Town",
            "state": "County",
            "postal_code": "Postcode",
            "telephone": "Telephone Number",
            "country": "Country Code",
            "email": "E-mail",
        },
    ),
    "Harvest": (
        "Client|First Name|Last Name|Title|Email|Office Phone|Mobile Phone|Fax",
        {
            "business_name": "Client",
            "first_name": "First Name",
            "last_name": "Last Name",
            "email": "Email",
            "telephone": "Office Phone",
        },
    ),
    "Stripe": (
        """id|Description|Email|Name|Created (UTC)|Delinquent|Card ID|Card Last4|Card Brand
        |Card Funding|Card Exp Month|Card Name|Card Address Line1|Card Address Line2
        |Card Address City|Card Address State|Card Address Country|Card Address Zip
        |Card Issue Country|Card Fingerprint|Default Source|Currency|Account Balance""",
        {
            "number": "id",
            "email": "Email",
            "business_name": "Name",
            "street1": "Card Address Line1",
            "street2": "Card Address Line2",
            "city": "Card Address City",
            "state": "Card Address State",
            "country": "Card Address Country",
            "postal_code": "Card Address Zip",
            "currency": "Currency",
        },
    ),
    "PayPal": (
        """Date|Time|TimeZone|Name|Type|Status|Currency|Gross|Fee|Net|From Email Address
        |To Email Address|Transaction ID|Shipping Address|Address Status|Item Title|Item ID
        |Reference Txn ID|Invoice Number|Custom Number|Receipt ID|Balance|Address Line 1
        |Address Line 2/District/Neighborhood|Town/City
        |State/Province/Region/County/Territory/Prefecture/Republic|Zip/Postal Code|Country
        |Contact Phone Number""",
        {
            "business_name": "Name",
            "currency": "Currency",
            "email": "From Email Address",
            "street1": "Address Line 1",
            "street2": "Address Line 2/District/Neighborhood",
            "city": "Town/City",
            "state": "State/Province/Region/County/Territory/Prefecture/Republic",
            "postal_code": "Zip/Postal Code",
            "country": "Country",
            "telephone": "Contact Phone Number",
        },
    ),
    "Shopify": (
        """Customer ID|First Name|Last Name|Email|Accepts Email Marketing|Default Address Company
        |Default Address Address1|Default Address Address2|Default Address City
        |Default Address Province Code|Default Address Country Code|Default Address Zip
        |Default Address Phone|Phone|Accepts SMS Marketing|Total Spent|Total Orders|Note
        |Tax Exempt|Tags""",
        {
            "number": "Customer ID",
            "first_name": "First Name",
            "last_name": "Last Name",
            "email": "Email",
            "business_name": "Default Address Company",
            "street1": "Default Address Address1",
            "street2": "Default Address Address2",
            "city": "Default Address City",
            "state": "Default Address Province Code",
            "country": "Default Address Country Code",
            "postal_code": "Default Address Zip",
            "telephone": "Phone",
            "tags": "Tags",
        },
    ),
    "Shopify, older": (
        """First Name|Last Name|Email|Accepts Email Marketing|Company|Address1|Address2|City
        |Province|Province Code|Country|Country Code|Zip|Phone|Total Spent|Tags|Note""",
        {
            "first_name": "First Name",
            "last_name": "Last Name",
            "email": "Email",
            "business_name": "Company",
            "street1": "Address1",
            "street2": "Address2",
            "city": "City",
            "state": "Province",
            "country": "Country",
            "postal_code": "Zip",
            "telephone": "Phone",
            "tags": "Tags",
        },
    ),
    "WooCommerce": (
        """ID|customer_id|user_login|user_pass|user_email|display_name|first_name|last_name|role
        |billing_first_name|billing_last_name|billing_company|billing_email|billing_phone
        |billing_address_1|billing_address_2|billing_postcode|billing_city|billing_state
        |billing_country|shipping_first_name|shipping_last_name|shipping_company
        |shipping_address_1|shipping_address_2|shipping_postcode|shipping_city
        |shipping_state|shipping_country""",
        {
            "number": "customer_id",
            "first_name": "first_name",
            "last_name": "last_name",
            "business_name": "billing_company",
            "email": "billing_email",
            "telephone": "billing_phone",
            "street1": "billing_address_1",
            "street2": "billing_address_2",
            "postal_code": "billing_postcode",
            "city": "billing_city",
            "state": "billing_state",
            "country": "billing_country",
        },
    ),
    "WooCommerce, analytics": (
        """Name|Username|Last Active|Sign Up|Email|Orders|Total Spend|AOV|Country / Region|City
        |Region|Postal Code""",
        {
            "business_name": "Name",
            "email": "Email",
            "country": "Country / Region",
            "city": "City",
            "state": "Region",
            "postal_code": "Postal Code",
        },
    ),
    "HubSpot, companies": (
        """Record ID|Company name|Company owner|Create Date|Phone Number|Last Activity Date
        |Company Domain Name|Street Address|Street Address 2|City|State/Region|Postal Code
        |Country/Region|Industry""",
        {
            "number": "Record ID",
            "business_name": "Company name",
            "telephone": "Phone Number",
            "street1": "Street Address",
            "street2": "Street Address 2",
            "city": "City",
            "state": "State/Region",
            "postal_code": "Postal Code",
            "country": "Country/Region",
        },
    ),
    "HubSpot, contacts": (
        """Record ID|First Name|Last Name|Email|Phone Number|Mobile Phone Number|Contact owner
        |Associated Company|Associated Company IDs|Job Title|City|State/Region|Country/Region""",
        {
            "number": "Record ID",
            "first_name": "First Name",
            "last_name": "Last Name",
            "email": "Email",
            "telephone": "Phone Number",
            "business_name": "Associated Company",
            "city": "City",
            "state": "State/Region",
            "country": "Country/Region",
        },
    ),
    "Salesforce, accounts": (
        """Account ID|Account Name|Account Number|Account Owner|Billing Street|Billing City
        |Billing State/Province|Billing Zip/Postal Code|Billing Country|Shipping Street
        |Shipping City|Shipping State/Province|Shipping Zip/Postal Code|Shipping Country
        |Phone|Fax|Website|Parent Account""",
        {
            "number": "Account Number",
            "business_name": "Account Name",
            "street1": "Billing Street",
            "city": "Billing City",
            "state": "Billing State/Province",
            "postal_code": "Billing Zip/Postal Code",
            "country": "Billing Country",
            "telephone": "Phone",
        },
    ),
    "Salesforce, contacts": (
        """Salutation|First Name|Last Name|Title|Account Name|Mailing Street|Mailing City
        |Mailing State/Province|Mailing Zip/Postal Code|Mailing Country|Other Street
        |Other City|Other Country|Phone|Fax|Mobile|Email|Account Owner""",
        {
            "first_name": "First Name",
            "last_name": "Last Name",
            "business_name": "Account Name",
            "street1": "Mailing Street",
            "city": "Mailing City",
            "state": "Mailing State/Province",
            "postal_code": "Mailing Zip/Postal Code",
            "country": "Mailing Country",
            "telephone": "Phone",
            "email": "Email",
        },
    ),
    "Pipedrive, people": (
        """Person - ID|Person - Name|Person - Label|Person - Organization|Person - Email - Work
        |Person - Email - Home|Person - Email - Other|Person - Phone - Work
        |Person - Phone - Home|Person - Phone - Mobile|Person - Phone - Other
        |Person - First name|Person - Last name|Person - Owner""",
        {
            "tags": "Person - Label",
            "business_name": "Person - Organization",
            "email": "Person - Email - Work",
            "telephone": "Person - Phone - Work",
            "first_name": "Person - First name",
            "last_name": "Person - Last name",
        },
    ),
    "Pipedrive, organizations": (
        """Organization - ID|Organization - Name|Organization - Label|Organization - Owner
        |Organization - Address|Organization - City/town/village/locality of Address
        |Organization - ZIP/Postal code of Address|Organization - Country of Address""",
        {
            "number": "Organization - ID",
            "business_name": "Organization - Name",
            "tags": "Organization - Label",
            "street1": "Organization - Address",
            "city": "Organization - City/town/village/locality of Address",
            "postal_code": "Organization - ZIP/Postal code of Address",
            "country": "Organization - Country of Address",
        },
    ),
    "Mailchimp": (
        """Email Address|First Name|Last Name|Address|Phone Number|Birthday|Company|MEMBER_RATING
        |OPTIN_TIME|OPTIN_IP|CONFIRM_TIME|CONFIRM_IP|LATITUDE|LONGITUDE|GMTOFF|DSTOFF
        |TIMEZONE|CC|REGION|LAST_CHANGED|LEID|EUID|NOTES|TAGS""",
        {
            "email": "Email Address",
            "first_name": "First Name",
            "last_name": "Last Name",
            "street1": "Address",
            "telephone": "Phone Number",
            "business_name": "Company",
            "state": "REGION",
            "tags": "TAGS",
        },
    ),
    "Brevo": (
        "CONTACT ID|EMAIL|PRENOM|NOM|SMS|EXT_ID|LANDLINE_NUMBER|WHATSAPP|ENTREPRISE",
        {
            "number": "EXT_ID",
            "email": "EMAIL",
            "first_name": "PRENOM",
            "last_name": "NOM",
            "telephone": "LANDLINE_NUMBER",
            "business_name": "ENTREPRISE",
        },
    ),
    "Google Contacts": (
        """First Name|Middle Name|Last Name|Phonetic First Name|Phonetic Middle Name
        |Phonetic Last Name|Name Prefix|Name Suffix|Nickname|File As|Organization Name
        |Organization Title|Organization Department|Birthday|Notes|Photo|Labels
        |E-mail 1 - Label|E-mail 1 - Value|E-mail 2 - Label|E-mail 2 - Value|Phone 1 - Label
        |Phone 1 - Value|Phone 2 - Label|Phone 2 - Value|Address 1 - Label
        |Address 1 - Formatted|Address 1 - Street|Address 1 - City|Address 1 - PO Box
        |Address 1 - Region|Address 1 - Postal Code|Address 1 - Country
        |Address 1 - Extended Address|Address 2 - Label|Address 2 - Street|Address 2 - City
        |Website 1 - Value""",
        {
            "first_name": "First Name",
            "last_name": "Last Name",
            "business_name": "Organization Name",
            "tags": "Labels",
            "email": "E-mail 1 - Value",
            "telephone": "Phone 1 - Value",
            "street1": "Address 1 - Street",
            "street2": "Address 1 - Extended Address",
            "city": "Address 1 - City",
            "state": "Address 1 - Region",
            "postal_code": "Address 1 - Postal Code",
            "country": "Address 1 - Country",
        },
    ),
    "Google Contacts, older": (
        """Name|Given Name|Additional Name|Family Name|Yomi Name|Given Name Yomi|Name Prefix
        |Nickname|Birthday|Location|Billing Information|Notes|Group Membership
        |E-mail 1 - Type|E-mail 1 - Value|Phone 1 - Type|Phone 1 - Value|Address 1 - Type
        |Address 1 - Street|Address 1 - City|Address 1 - Region|Address 1 - Postal Code
        |Address 1 - Country|Organization 1 - Type|Organization 1 - Name
        |Organization 1 - Yomi Name|Organization 1 - Title""",
        {
            "first_name": "Given Name",
            "last_name": "Family Name",
            "email": "E-mail 1 - Value",
            "telephone": "Phone 1 - Value",
            "street1": "Address 1 - Street",
            "city": "Address 1 - City",
            "state": "Address 1 - Region",
            "postal_code": "Address 1 - Postal Code",
            "country": "Address 1 - Country",
            "business_name": "Organization 1 - Name",
        },
    ),
    "Outlook": (
        """Title|First Name|Middle Name|Last Name|Suffix|Company|Department|Job Title
        |Business Street|Business Street 2|Business Street 3|Business City|Business State
        |Business Postal Code|Business Country/Region|Home Street|Home Street 2|Home City
        |Home State|Home Postal Code|Home Country/Region|Other Street|Other City
        |Assistant's Phone|Business Fax|Business Phone|Business Phone 2|Car Phone
        |Company Main Phone|Home Fax|Home Phone|Mobile Phone|Other Phone|Primary Phone|Account
        |Anniversary|Assistant's Name|Billing Information|Business Address PO Box|Categories
        |E-mail Address|E-mail Type|E-mail Display Name|E-mail 2 Address|E-mail 3 Address
        |Home Address PO Box|Location|Manager's Name|Notes|Organizational ID Number|Web Page""",
        {
            "first_name": "First Name",
            "last_name": "Last Name",
            "business_name": "Company",
            "street1": "Business Street",
            "street2": "Business Street 2",
            "city": "Business City",
            "state": "Business State",
            "postal_code": "Business Postal Code",
            "country": "Business Country/Region",
            "telephone": "Business Phone",
            "tags": "Categories",
            "email": "E-mail Address",
        },
    ),
    "Outlook, German": (
        """Anrede|Vorname|Weitere Vornamen|Nachname|Suffix|Firma|Abteilung|Position
        |Straße geschäftlich|Straße geschäftlich 2|Ort geschäftlich|Region geschäftlich
        |Postleitzahl geschäftlich|Land/Region geschäftlich|Straße privat|Ort privat
        |Bundesland/Kanton privat|Postleitzahl privat|Land/Region privat|Weitere Straße
        |Fax geschäftlich|Telefon geschäftlich|Telefon geschäftlich 2|Telefon Firma
        |Telefon privat|Mobiltelefon|Haupttelefon|E-Mail-Adresse|E-Mail-Typ|E-Mail 2: Adresse
        |Kategorien|Konto|Notizen""",
        {
            "first_name": "Vorname",
            "last_name": "Nachname",
            "business_name": "Firma",
            "street1": "Straße geschäftlich",
            "street2": "Straße geschäftlich 2",
            "city": "Ort geschäftlich",
            "state": "Region geschäftlich",
            "postal_code": "Postleitzahl geschäftlich",
            "country": "Land/Region geschäftlich",
            "telephone": "Telefon geschäftlich",
            "email": "E-Mail-Adresse",
            "tags": "Kategorien",
            "number": "Konto",
        },
    ),
    "Apple, by vCard": (
        """First name|Last name|Organization|Email (work)|Email (home)|Phone (mobile)
        |Phone (work)|Phone (fax)|Street (work)|City (work)|ZIP (work)|Country (work)
        |Street (home)|City (home)""",
        {
            "first_name": "First name",
            "last_name": "Last name",
            "business_name": "Organization",
            "email": "Email (work)",
            "telephone": "Phone (work)",
            "street1": "Street (work)",
            "city": "City (work)",
            "postal_code": "ZIP (work)",
            "country": "Country (work)",
        },
    ),
    "lexoffice": (
        """Kundennummer|Lieferantennummer|Firmenname|Steuernummer|Umsatzsteuer ID|Anrede|Vorname
        |Nachname|Straße 1|Adresszusatz 1|PLZ 1|Ort 1|Land 1|Straße 2|Adresszusatz 2|PLZ 2
        |Ort 2|Land 2|Telefon 1|Telefon 2|E-Mail 1|E-Mail 2|Notizen""",
        {
            "number": "Kundennummer",
            "business_name": "Firmenname",
            "first_name": "Vorname",
            "last_name": "Nachname",
            "street1": "Straße 1",
            "street2": "Adresszusatz 1",
            "postal_code": "PLZ 1",
            "city": "Ort 1",
            "country": "Land 1",
            "telephone": "Telefon 1",
            "email": "E-Mail 1",
        },
    ),
    "sevDesk": (
        """Kunden-Nr.|Anrede|Titel|Nachname|Vorname|Organisation|Namenszusatz|Position|Kategorie
        |IBAN|BIC|Umsatzsteuer-ID|Strasse|PLZ|Ort|Land|Adress-Kategorie|Telefon
        |Telefon-Kategorie|Mobil|Fax|E-Mail|E-Mail-Kategorie|Webseite|Webseiten-Kategorie
        |Beschreibung|Geburtstag|Tags|Debitoren/Kreditoren-Nr.""",
        {
            "number": "Kunden-Nr.",
            "last_name": "Nachname",
            "first_name": "Vorname",
            "business_name": "Organisation",
            "street1": "Strasse",
            "postal_code": "PLZ",
            "city": "Ort",
            "country": "Land",
            "telephone": "Telefon",
            "email": "E-Mail",
            "tags": "Tags",
        },
    ),
    "DATEV": (
        """Konto|Name (Adressattyp Unternehmen)|Unternehmensgegenstand
        |Name (Adressattyp natürl. Person)|Vorname (Adressattyp natürl. Person)
        |Name (Adressattyp keine Angabe)|Adressattyp|Kurzbezeichnung|EU-Land|EU-UStID|Anrede
        |Titel/Akad. Grad|Adelstitel|Namensvorsatz|Adressart|Straße|Postfach|Postleitzahl|Ort
        |Land|Versandzusatz|Adresszusatz|Abweichende Anrede|Abw. Zustellbezeichnung 1
        |Kennz. Korrespondenzadresse|Adresse Gültig von|Adresse Gültig bis|Telefon
        |Bemerkung (Telefon)|Telefon GL|Bemerkung (Telefon GL)|E-Mail|Bemerkung (E-Mail)
        |Internet|Bemerkung (Internet)|Fax|Bemerkung (Fax)|Bankleitzahl 1|Länderkennzeichen 1""",
        {
            "number": "Konto",
            "business_name": "Name (Adressattyp Unternehmen)",
            "last_name": "Name (Adressattyp natürl. Person)",
            "first_name": "Vorname (Adressattyp natürl. Person)",
            "street1": "Straße",
            "postal_code": "Postleitzahl",
            "city": "Ort",
            "country": "Land",
            "street2": "Adresszusatz",
            "telephone": "Telefon",
            "email": "E-Mail",
        },
    ),
    "Debitoor": (
        "Number|Name|Address|Postal code|City|Country|Email|Phone|VAT number|Payment terms",
        {
            "number": "Number",
            "business_name": "Name",
            "street1": "Address",
            "postal_code": "Postal code",
            "city": "City",
            "country": "Country",
            "email": "Email",
            "telephone": "Phone",
        },
    ),
    "Fakturia": (
        """Kundennummer|Firma|Zusatz|Vorname|Nachname|Straße|PLZ|Ort|Land|Lieferadresse Straße
        |Lieferadresse PLZ|Lieferadresse Ort|E-Mail|Telefonnummer|Währung""",
        {
            "number": "Kundennummer",
            "business_name": "Firma",
            "street2": "Zusatz",
            "first_name": "Vorname",
            "last_name": "Nachname",
            "street1": "Straße",
            "postal_code": "PLZ",
            "city": "Ort",
            "country": "Land",
            "email": "E-Mail",
            "telephone": "Telefonnummer",
            "currency": "Währung",
        },
    ),
    "Holded": (
        """Fiscal name*|Trade name|Contact person|Contact NIF*|Contact's e-mail address|Phone
        |Mobile|Address|Town|Postal code|Province|Country|IBAN|SWIFT|Mandate ref.|Notes
        |Tags separated by -|Sales channel account""",
        {
            "business_name": "Fiscal name*",
            "email": "Contact's e-mail address",
            "telephone": "Phone",
            "street1": "Address",
            "city": "Town",
            "postal_code": "Postal code",
            "state": "Province",
            "country": "Country",
            "tags": "Tags separated by -",
        },
    ),
    "Holded, Spanish": (
        """Creado|Nombre|ID|Email|Teléfono|Móvil|Dirección|Población|Código postal|Provincia
        |País|Código país|Idioma|Moneda|Dto %|Cuenta|Referencia""",
        {
            "business_name": "Nombre",
            "number": "Referencia",
            "email": "Email",
            "telephone": "Teléfono",
            "street1": "Dirección",
            "city": "Población",
            "postal_code": "Código postal",
            "state": "Provincia",
            "country": "País",
            "currency": "Moneda",
        },
    ),
    "Factusol": (
        """Código|N.I.F.|Nombre fiscal|Nombre comercial|Domicilio|Población|Cód. Postal
        |Provincia|Teléfono|Fax|Móvil|E-mail|Dirección de entrega|Población de entrega""",
        {
            "number": "Código",
            "business_name": "Nombre fiscal",
            "street1": "Domicilio",
            "city": "Población",
            "postal_code": "Cód. Postal",
            "state": "Provincia",
            "telephone": "Teléfono",
            "email": "E-mail",
        },
    ),
    "Fatture in Cloud": (
        """Codice cliente|Denominazione|Referente|Indirizzo|Comune|CAP|Provincia|Note indirizzo
        |Paese|Indirizzo email|Telefono|FAX|Partita IVA|Codice fiscale|Codice destinatario|PEC""",
        {
            "number": "Codice cliente",
            "business_name": "Denominazione",
            "street1": "Indirizzo",
            "city": "Comune",
            "postal_code": "CAP",
            "state": "Provincia",
            "country": "Paese",
            "email": "Indirizzo email",
            "telephone": "Telefono",
        },
    ),
    "Reviso": (
        """N° cliente|Gruppo clienti|Nome|Indir. 1|Indir. 2|Codice postale|Provincia
        |Località/Città|Paese|Tel./fax|E-mail|Sito web|Zona|Valuta|Partita IVA|Codice ISO""",
        {
            "number": "N° cliente",
            "tags": "Gruppo clienti",
            "business_name": "Nome",
            "street1": "Indir. 1",
            "street2": "Indir. 2",
            "postal_code": "Codice postale",
            "state": "Provincia",
            "city": "Località/Città",
            "country": "Paese",
            "email": "E-mail",
            "currency": "Valuta",
        },
    ),
    "Moneybird": (
        """Klantnummer|Bedrijfsnaam|Voornaam|Achternaam|Adres|Adresregel 2|Postcode|Plaats|Land
        |Telefoon|E-mailadres|KvK-nummer|Btw-nummer|Afleveradres|Valuta""",
        {
            "number": "Klantnummer",
            "business_name": "Bedrijfsnaam",
            "first_name": "Voornaam",
            "last_name": "Achternaam",
            "street1": "Adres",
            "street2": "Adresregel 2",
            "postal_code": "Postcode",
            "city": "Plaats",
            "country": "Land",
            "telephone": "Telefoon",
            "email": "E-mailadres",
            "currency": "Valuta",
        },
    ),
    "Exact Online": (
        """Code|Naam|Adresregel 1|Adresregel 2|Postcode|Plaats|Provincie|Landcode|Telefoon|Fax
        |E-mail|Website|Btw-nummer""",
        {
            "number": "Code",
            "business_name": "Naam",
            "street1": "Adresregel 1",
            "street2": "Adresregel 2",
            "postal_code": "Postcode",
            "city": "Plaats",
            "state": "Provincie",
            "country": "Landcode",
            "telephone": "Telefoon",
            "email": "E-mail",
        },
    ),
    "Pennylane": (
        """Raison sociale|SIREN|Numéro de TVA|Adresse de facturation|Code postal de facturation
        |Ville de facturation|Pays de facturation|Adresse de livraison
        |Code postal de livraison|Ville de livraison|Pays de livraison|Emails|Téléphone
        |Référence client|Notes""",
        {
            "business_name": "Raison sociale",
            "street1": "Adresse de facturation",
            "postal_code": "Code postal de facturation",
            "city": "Ville de facturation",
            "country": "Pays de facturation",
            "email": "Emails",
            "telephone": "Téléphone",
            "number": "Référence client",
        },
    ),
    "Henrri": (
        """Code client|Raison sociale|Civilité|Nom|Prénom|Adresse|Complément d'adresse|CP|Ville
        |Pays|Téléphone|Portable|Email|N° TVA""",
        {
            "number": "Code client",
            "business_name": "Raison sociale",
            "last_name": "Nom",
            "first_name": "Prénom",
            "street1": "Adresse",
            "street2": "Complément d'adresse",
            "postal_code": "CP",
            "city": "Ville",
            "country": "Pays",
            "telephone": "Téléphone",
            "email": "Email",
        },
    ),
    "a Portuguese program": (
        """Código do cliente|Razão social|Nome|Apelido|Morada|Localidade|Código postal|Distrito
        |País|Telefone|Telemóvel|Endereço de e-mail|NIF|Moeda|Etiquetas|Morada de entrega""",
        {
            "number": "Código do cliente",
            "business_name": "Razão social",
            "first_name": "Nome",
            "last_name": "Apelido",
            "street1": "Morada",
            "city": "Localidade",
            "postal_code": "Código postal",
            "state": "Distrito",
            "country": "País",
            "telephone": "Telefone",
            "email": "Endereço de e-mail",
            "currency": "Moeda",
            "tags": "Etiquetas",
        },
    ),
    "a Dutch event program": (
        """Customer: Name|Customer: Customer number|Customer: E-mail address
        |Customer: Telephone number|Customer: Address line 1|Customer: Address line 2
        |Customer: Postal code|Customer: Location|Customer: Country|Customer: VAT number
        |Customer: Invoice address: street name + house number
        |Customer: Invoice address: postal code|Customer: Invoice address: country
        |Contact person: First name|Contact person: Last name|Contact Person: E-mail address""",
        {
            "business_name": "Customer: Name",
            "number": "Customer: Customer number",
            "email": "Customer: E-mail address",
            "telephone": "Customer: Telephone number",
            "street1": "Customer: Invoice address: street name + house number",
            "postal_code": "Customer: Invoice address: postal code",
            "country": "Customer: Invoice address: country",
            "first_name": "Contact person: First name",
            "last_name": "Contact person: Last name",
        },
    ),
}


def suggested(*headings):
    found = suggest(headings)
    return {
        field: heading for field, heading in zip(found, headings, strict=True) if field is not None
    }


@pytest.mark.parametrize(("row", "expected"), PROGRAMS.values(), ids=PROGRAMS)
def test_the_export_of_a_program_is_understood(row, expected):
    assert suggested(*columns(row)) == expected


LANGUAGES = {
    "German": "Kundennummer|E-Mail-Adresse|Firma|Vorname|Nachname|Telefonnummer"
    "|Straße und Hausnummer|Adresszusatz|Ort|Bundesland|Postleitzahl|Land|Währung|Schlagwörter",
    "German, without umlauts": "Kunden-Nr.|Mailadresse|Firmenname|Vorname|Familienname|Tel."
    "|Strasse|Zusatz|Stadt|Kanton|PLZ|Laenderkennzeichen|Waehrung|Kategorien",
    "French": "N° client|Adresse e-mail|Raison sociale|Prénom|Nom de famille|Téléphone"
    "|Adresse|Complément d'adresse|Ville|Région|Code postal|Pays|Devise|Étiquettes",
    "Spanish": "Nº de cliente|Correo electrónico|Razón social|Nombre|Apellidos|Teléfono"
    "|Dirección|Dirección 2|Localidad|Provincia|C.P.|País|Moneda|Etiquetas",
    "Italian": "Codice cliente|Indirizzo e-mail|Ragione sociale|Nome|Cognome|N. telefono"
    "|Via e numero civico|Indirizzo 2|Città|Provincia|CAP|Nazione|Valuta|Etichette",
    "Dutch": "Klantnummer|E-mailadres|Bedrijfsnaam|Voornaam|Achternaam|Telefoonnummer"
    "|Straat en huisnummer|Adresregel 2|Plaats|Provincie|Postcode|Land|Valuta|Labels",
    "Portuguese": "Número do cliente|Endereço de e-mail|Razão social|Nome|Sobrenome|Telefone"
    "|Endereço|Complemento|Cidade|Estado|CEP|País|Moeda|Marcadores",
}


@pytest.mark.parametrize("row", LANGUAGES.values(), ids=LANGUAGES)
def test_every_field_is_known_in_every_language(row):
    assert suggest(columns(row)) == [field.name for field in FIELDS]


# ---- One heading ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "headings"),
    {
        "number": "Customer # | Kd.-Nr. | Cust. No. | CLIENT_NUMBER | Client ID | N° client | №",
        "email": "E-Mail-Adresse | email_adresse | EMAIL ADRESSE | Customer Email | Courriel"
        " | Kunden-E-Mail | Primary e-mail | Email (required) | E-mail * | E-Mail 1",
        "business_name": "Company | Firma* | Client Name | Name | COMPANY_NAME | Kunde | société",
        "first_name": "First-Name | Contact First Name | Vorname des Ansprechpartners | Forename",
        "last_name": "Surname | Billing Last Name | Nachname Ansprechpartner",
        "telephone": "Phone # | Tel. | Telefon (geschäftlich) | Phone - Work | Main Phone #"
        " | Telefon Zentrale | Téléphone principal | Mobile",
        "street1": "Billing Address Line 1 | Rechnungsadresse Straße | Rechnungsanschrift: Strasse"
        " | Indirizzo di fatturazione | Dirección fiscal | Adresse de facturation | Factuuradres",
        "street2": "Billing Address Line 2 | Rechnungsadresse Adresszusatz | Apt/Suite",
        "city": "Billing City | Anschrift Ort | Sold-To City | address[city] | Rechnungsort"
        " | Ville de facturation | Ciudad (facturación)"
        " | Town / City | Customer City",
        "state": "Billing State/Province | State or Province | Kanton",
        "postal_code": "Billing ZIP | ZIP/Postal Code | Rechnungs-PLZ | Postleitzahl (PLZ)",
        "country": "Billing Country | Country (ISO 3166-1) | Land (ISO-Code) | Pays de facturation"
        " | Länderkürzel",
        "currency": "Currency Code | Default currency | Devise par défaut | Währung (ISO 4217)",
        "tags": "Tags | Customer tags | Mots-clés | Schlagworte (mit Komma getrennt)",
    }.items(),
)
def test_what_people_write_above_a_column_is_understood(field, headings):
    understood = {heading: field_of(heading) for heading in columns(headings)}
    assert understood == dict.fromkeys(columns(headings), field)


@pytest.mark.parametrize(
    "heading",
    columns("""Line|Reason|Zeile||  |-|Fax|Telefax|Phone (fax)|Home Fax|Website|Notes|VAT number
    |Tax ID
    |USt-IdNr.|IBAN|BIC|Bank name|Bank account number|Salutation|Anrede|Title|Job Title
    |Birthday|Created|Updated at|Balance|Total|Invoice number|Rechnungsnummer|Order ID|Status
    |Lieferantennummer|Username|Password|Payment terms|Discount|Gender|Language|Department
    |PLZ Ort|PLZ/Ort|Vorname/Name|Telefon/Fax|House number|Hausnummer|PO Box|Postfach|Company ID
    |Company number|Account owner|Email type|Email opt out|Phone type|Country calling code
    |Membership|Contact person|Primary Contact|Ansprechpartner|Address 2 - Street|Country of birth
    |Customer type|Account status|Client since|Supplier number|Civico
    |Company registration number"""),
)
def test_what_is_no_field_of_ours_is_left_alone(heading):
    assert field_of(heading) is None


@pytest.mark.parametrize(
    "heading",
    columns("""Shipping Address|Shipping Street|Shipping City|ShippingCity|shipping_postcode
    |Ship To City
    |ShipTo Country|ship-to_address_line_1|Ship Address|Ship City|Address (ship)|City (Shipping)
    |Delivery Address|Delivery address line 1|Delivery postcode|Deliver to|Dispatch address
    |Lieferadresse|Lieferadresse Straße|Lieferanschrift Ort|Liefer-PLZ|PLZ (Lieferadresse)
    |Versandadresse|Versand Ort|Adresse de livraison|Ville de livraison|Code postal (livraison)
    |Adresse d'expédition|Dirección de envío|Ciudad de envío|Dirección de entrega|C.P. entrega
    |Indirizzo di spedizione|Città spedizione|Indirizzo di consegna|CAP consegna|CAP destinazione
    |Afleveradres|Verzendadres|Bezorgadres|Leveringsadres|Postcode (levering)
    |Morada de entrega|Cidade de entrega|Endereço de entrega|Shipping Phone|Shipping Company
    |SAAddressLine1|SACity|SAPostalCode|SACountry"""),
)
def test_a_delivery_address_is_never_taken_for_the_billing_address(heading):
    assert field_of(heading) is None
    assert suggest([heading, "Name"]) == [None, "business_name"]


def test_a_word_that_only_contains_ship_is_no_delivery():
    assert field_of("Membership number") is None
    assert field_of("Township") is None
    assert field_of("Relationship: company") is None


def test_a_long_text_is_no_heading_and_takes_no_time():
    started = time.perf_counter()
    assert field_of("City " * 1_000_000) is None
    assert suggest(["billing " * 10, "x" * 120, "a" * 50_000_000]) == [None, None, None]
    assert time.perf_counter() - started < 2


def test_ten_thousand_columns_take_no_time():
    headings = [f"Custom field {number} of the billing contact" for number in range(9_999)]
    started = time.perf_counter()
    assert suggest([*headings, "Company"]) == [None] * 9_999 + ["business_name"]
    assert time.perf_counter() - started < 10


# ---- One column beside another --------------------------------------------------------------


@pytest.mark.parametrize(
    ("better", "worse", "field"),
    [
        ("Company", "Name", "business_name"),
        ("Company", "Customer Name", "business_name"),
        ("Customer Name", "Name", "business_name"),
        ("Company name", "Display name", "business_name"),
        ("Firma", "Kunde", "business_name"),
        ("Email", "Secondary email", "email"),
        ("E-Mail 1", "E-Mail 2", "email"),
        ("Email (work)", "Email (home)", "email"),
        ("Phone", "Mobile", "telephone"),
        ("Office phone", "Mobile phone", "telephone"),
        ("Telefon", "Handy", "telephone"),
        ("Téléphone fixe", "Portable", "telephone"),
        ("Phone", "Phone 2", "telephone"),
        ("Customer number", "ID", "number"),
        ("Customer ID", "Record ID", "number"),
        ("Kundennummer", "uuid", "number"),
        ("Code client", "Référence", "number"),
        ("Country", "Country code", "country"),
        ("State", "County", "state"),
        ("Tags", "Category", "tags"),
        ("Street", "Address", "street1"),
        ("Address 2", "Apartment", "street2"),
    ],
)
def test_the_better_of_two_columns_is_suggested_wherever_it_stands(better, worse, field):
    assert field_of(worse) == field
    assert suggest([better, worse]) == [field, None]
    assert suggest([worse, better]) == [None, field]


def test_of_two_equal_columns_the_first_is_suggested():
    assert suggest(["E-mail", "Email", "E-mail"]) == ["email", None, None]


def test_a_name_is_the_business_name_when_no_company_is_there():
    assert suggest(["Name", "First name", "Last name"]) == [
        "business_name",
        "first_name",
        "last_name",
    ]


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        ("Firma|Vorname|Name", "business_name|first_name|last_name"),
        ("Vorname|Name|Ort", "first_name|last_name|city"),
        ("Société|Nom|Prénom", "business_name|last_name|first_name"),
        ("Bedrijf|Voornaam|Naam", "business_name|first_name|last_name"),
        ("Azienda|Nome|Cognome", "business_name|first_name|last_name"),
        ("Nombre|Apellidos|Ciudad", "first_name|last_name|city"),
        ("Nome|Città", "business_name|city"),
        ("Nombre|Nombre comercial", "None|business_name"),
    ],
)
def test_a_bare_name_completes_the_person_beside_it(headings, fields):
    assert [str(field) for field in suggest(headings.split("|"))] == fields.split("|")


def test_a_number_after_the_street_is_the_house_and_not_the_client():
    assert suggest(["Straße", "Nr.", "PLZ"]) == ["street1", None, "postal_code"]
    assert suggest(["Nr.", "Name", "Straße"]) == ["number", "business_name", "street1"]


def test_the_street_of_a_second_address_is_no_second_line():
    assert suggest(["Straße 1", "Ort 1", "Straße 2", "Ort 2"]) == ["street1", "city", None, None]
    assert suggest(["Straße 1", "Straße 2", "Ort"]) == ["street1", "street2", "city"]


@pytest.mark.parametrize(
    ("headings", "taken"),
    [
        ("Street|City|Billing Street|Billing City", "Billing Street|Billing City"),
        ("Home Street|Home City|Street|City", "Street|City"),
        ("Home Street|Home City|Home State|Work Street|Work City", "Work Street|Work City"),
        ("Home Street|Home City", "Home Street|Home City"),
        ("Billing Street|Billing City|Country", "Billing Street|Billing City|Country"),
        ("Street|City|Billing Country", "Street|City|Billing Country"),
        ("Street|Street 2|City|Billing Street|Billing City", "Billing Street|Billing City"),
        ("Street|City|Postcode|Billing Address", "Street|City|Postcode"),
        ("Street|City|Home State", "Street|City"),
    ],
)
def test_an_address_is_taken_from_one_set_of_columns(headings, taken):
    assert "|".join(suggested(*headings.split("|")).values()) == taken


# ---- Whatever the headings ------------------------------------------------------------------

KNOWN = [name.strip() for tiers in NAMES.values() for name in ",".join(tiers).split(",")]
KNOWN_OR_NOT = st.lists(st.sampled_from(KNOWN) | st.text(max_size=30), max_size=30)


@given(KNOWN_OR_NOT)
def test_a_field_is_never_suggested_twice(headings):
    fields = suggest(headings)
    assert len(fields) == len(headings)
    known = [field for field in fields if field]
    assert len(set(known)) == len(known)


@given(KNOWN_OR_NOT)
def test_only_columns_that_name_something_are_suggested(headings):
    for heading, field in zip(headings, suggest(headings), strict=True):
        assert field is None or field_of(heading) is not None


@given(st.lists(st.sampled_from(KNOWN), max_size=20), st.randoms())
def test_the_same_fields_are_found_in_any_order(headings, random):
    """But for the house number, which stands after its street."""
    headings = [heading for heading in headings if field_of(heading) != "number"]
    shuffled = random.sample(headings, len(headings))
    assert {*suggest(shuffled)} - {None} == {*suggest(headings)} - {None}


@given(
    st.sampled_from(KNOWN),
    st.sampled_from([str.upper, str.lower, str.title, str.swapcase]),
    st.sampled_from([" ", "_", "-", ".", ": ", "  ", " - ", "\n"]),
    st.sampled_from(["", "*", " *", " (required)", ":", " [optional]"]),
)
def test_case_punctuation_and_marks_do_not_change_the_field(name, case, between, mark):
    assert field_of(between.join(case(name).split()) + mark) == field_of(name)


@given(st.sampled_from(KNOWN))
def test_accents_do_not_change_the_field(name):
    assert field_of(fold(name)) == field_of(name)


@given(st.text(max_size=200))
def test_any_text_can_be_a_heading(text):
    assert field_of(text) in {None, *(field.name for field in FIELDS)}


# ---- The table of names ---------------------------------------------------------------------


def folded(names):
    return [fold(name) for name in names.split(",")]


def test_no_name_means_two_fields_or_stands_twice():
    names = [name for tiers in NAMES.values() for tier in tiers for name in folded(tier)]
    assert len(set(names)) == len(names)
    assert "" not in names


def test_no_qualifier_means_two_things():
    names = [name for each in QUALIFIERS.values() for name in folded(each)]
    assert len(set(names)) == len(names)
    assert "" not in names


def test_every_name_is_read_as_its_field():
    for field, tiers in NAMES.items():
        for name in ",".join(tiers).split(","):
            assert field_of(name) == field, name


def test_every_field_has_names():
    assert [*NAMES] == [field.name for field in FIELDS]
    assert {*QUALIFIED} | {*ADDRESS} == {*NAMES}
