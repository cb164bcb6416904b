"""The floor of a cold start: a function of one route with the same framework and a DynamoDB client.

Nothing is left out that every HTTP function of this stack needs: a validating resolver, a logger,
metrics, a body model, and a DynamoDB client that is ready for its first request.
"""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from tallybook import dynamodb

app = APIGatewayHttpResolver(enable_validation=True)
logger = Logger()
metrics = Metrics()


class Greeting(BaseModel):
    name: str


class GreetingRecord(Model):
    class Meta:
        table_name = "greetings"

    pk = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()


GreetingRecord._get_connection().connection._client = dynamodb.client


@app.post("/hello")
def greet(greeting: Greeting) -> Greeting:
    return greeting


@metrics.log_metrics(raise_on_empty_metrics=False)
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
