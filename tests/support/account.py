"""An account of moto's AWS with what functions are told of: made as template.yaml says."""

import os
from functools import cache
from typing import Any

import boto3
from moto.cognitoidp.models import cognitoidp_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from tests.support.template import logical_id, resources, told_of

client = cache(boto3.client)
"""A client of a service for tests; nobody watches what it does."""


def create() -> None:
    """Buckets, queues, pools, the event bus and SES, all empty; not the table.

    What there is most of is made past the calls of AWS, which would be most of a short test.
    """
    for name in told_of("AWS::S3::Bucket"):
        s3 = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        s3.create_bucket(name, os.environ["AWS_REGION"])
        s3.put_bucket_versioning(name, "Enabled")  # as all are
    for url in told_of("AWS::SQS::Queue"):
        create_queue(url)
    for pool_id in told_of("AWS::Cognito::UserPool"):
        create_pool(pool_id)
    for name in told_of("AWS::Events::EventBus"):
        client("events").create_event_bus(Name=name)
    for name in told_of("AWS::SES::ConfigurationSet"):
        client("sesv2").create_configuration_set(ConfigurationSetName=name)
    client("sesv2").create_email_identity(EmailIdentity=os.environ["MAIL_DOMAIN"])


_OF_POOLS = (
    "AdminCreateUserConfig",
    "Policies",
    "UsernameAttributes",
    "UsernameConfiguration",
)


def create_queue(url: str) -> None:
    """The queue of the template that the environment calls so, at just this URL."""
    timeout = str(resources("AWS::SQS::Queue")[logical_id(url)]["Properties"]["VisibilityTimeout"])
    sqs = sqs_backends[DEFAULT_ACCOUNT_ID][os.environ["AWS_REGION"]]
    sqs.create_queue(url.rpartition("/")[2], VisibilityTimeout=timeout)


def create_pool(pool_id: str) -> None:
    """The user pool of the template that the environment calls so, under just this id."""
    properties = resources("AWS::Cognito::UserPool")[logical_id(pool_id)]["Properties"]
    cognito: Any = client("cognito-idp")
    made = cognito.create_user_pool(
        PoolName=pool_id,
        **{key: properties[key] for key in _OF_POOLS if key in properties},
    )
    pools = cognitoidp_backends[DEFAULT_ACCOUNT_ID][cognito.meta.region_name].user_pools
    pool = pools[pool_id] = pools.pop(made["UserPool"]["Id"])
    pool.id = pool_id
