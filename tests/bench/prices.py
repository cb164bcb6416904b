"""List prices in dollars (PERFORMANCE.md; SQS and S3: the price lists of us-east-1)."""

HTTP_REQUEST = 1.00e-6
WRITE_UNIT = 0.625e-6
READ_UNIT = 0.125e-6
INVOCATION = 0.20e-6
GB_SECOND = 0.0000133334
SQS_REQUEST = 0.40e-6
S3_WRITE = 5.00e-6
S3_READ = 0.40e-6
