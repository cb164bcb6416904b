"""List prices in dollars (PERFORMANCE.md; others: the price lists of us-east-1)."""

HTTP_REQUEST = 1.00e-6
WRITE_UNIT = 0.625e-6
READ_UNIT = 0.125e-6
INVOCATION = 0.20e-6
GB_SECOND = 0.0000133334
SQS_REQUEST = 0.40e-6
S3_WRITE = 5.00e-6
S3_READ = 0.40e-6
SES_MAIL = 0.10e-3  # PERFORMANCE.md; aws.amazon.com/ses/pricing: $0.10 for 1,000 outbound e-mails
SNS_REQUEST = 0.50e-6  # aws.amazon.com/sns/pricing: standard topics; deliveries to SQS are free
BUS_EVENT = 1.00e-6  # aws.amazon.com/eventbridge/pricing: custom events
