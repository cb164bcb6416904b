"""Gives the emulated HTTP API its routes.

SAM describes an HTTP API in an OpenAPI body, which AWS imports and MiniStack ignores. What
AWS would make of the body is made here: authorizers, integrations, routes and CORS.
"""

import re
from typing import Any

from local.aws import client
from local.place import REGION, Place

type Json = dict[str, Any]


def wire(place: Place, stack_name: str) -> str:
    """Makes what is missing and takes away what is no longer in the body; returns the API's id."""
    values = _Values(place, stack_name)
    api_id = values.physical["Api"]
    body = values.resolve(values.template["Resources"]["Api"]["Properties"]["Body"])
    gateway = client(place, "apigatewayv2")
    if cors := body.get("x-amazon-apigateway-cors"):
        names = ("AllowOrigins", "AllowHeaders", "AllowMethods", "ExposeHeaders", "MaxAge")
        present = {n: cors[n[0].lower() + n[1:]] for n in names if n[0].lower() + n[1:] in cors}
        gateway.update_api(ApiId=api_id, CorsConfiguration=present)
    wanted = _routes(body)
    have = _existing_routes(gateway, api_id)
    authorizers = _authorizers(gateway, api_id, body)
    integrations: dict[str, str] = {
        i["IntegrationUri"]: i["IntegrationId"]
        for i in gateway.get_integrations(ApiId=api_id, MaxResults="500")["Items"]
    }
    for key, (function_arn, authorizer) in wanted.items():
        if function_arn not in integrations:
            made = gateway.create_integration(
                ApiId=api_id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=function_arn,
                PayloadFormatVersion="2.0",
            )
            integrations[function_arn] = made["IntegrationId"]
        route = {"RouteKey": key, "Target": f"integrations/{integrations[function_arn]}"}
        if authorizer in authorizers:
            route |= {"AuthorizationType": "JWT", "AuthorizerId": authorizers[authorizer]}
        old = have.get(key)
        if old is None:
            gateway.create_route(ApiId=api_id, **route)
        elif any(old.get(name) != value for name, value in route.items()):
            gateway.update_route(ApiId=api_id, RouteId=old["RouteId"], **route)
    for key in have.keys() - wanted.keys():
        gateway.delete_route(ApiId=api_id, RouteId=have[key]["RouteId"])
    return api_id


def tell_address(place: Place, url: str) -> None:
    """Lets the functions that put links into mail know where the API answers on this machine."""
    functions = client(place, "lambda")
    for page in functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            variables = function.get("Environment", {}).get("Variables", {})
            if variables.get("PUBLIC_URL", url) != url:
                functions.update_function_configuration(
                    FunctionName=function["FunctionName"],
                    Environment={"Variables": variables | {"PUBLIC_URL": url}},
                )


def _routes(body: Json) -> dict[str, tuple[str, str | None]]:
    """For each route key, the function's ARN and the name of its authorizer."""
    routes = {}
    for path, operations in body["paths"].items():
        for method, operation in operations.items():
            key = path if path == "$default" else f"{method.upper()} {path}"
            found = re.search(
                r"functions/(.+)/invocations", operation["x-amazon-apigateway-integration"]["uri"]
            )
            if found is None:
                raise NotImplementedError(f"{key} is not served by a function")
            authorizer = next((name for one in operation.get("security", []) for name in one), None)
            routes[key] = (found[1], authorizer)
    return routes


def _existing_routes(gateway: Any, api_id: str) -> dict[str, Json]:
    answer = gateway.get_routes(ApiId=api_id, MaxResults="500")
    return {route["RouteKey"]: route for route in answer["Items"]}


def _authorizers(gateway: Any, api_id: str, body: Json) -> dict[str, str]:
    """The id of each authorizer of the body, by its name there."""
    have = {a["Name"]: a["AuthorizerId"] for a in gateway.get_authorizers(ApiId=api_id)["Items"]}
    schemes = body.get("components", {}).get("securitySchemes", {})
    ids = {}
    for name, scheme in schemes.items():
        described = scheme["x-amazon-apigateway-authorizer"]
        jwt = described["jwtConfiguration"]
        settings = {
            "AuthorizerType": "JWT",
            "IdentitySource": [described["identitySource"]],
            "JwtConfiguration": {"Issuer": jwt["issuer"], "Audience": jwt["audience"]},
        }
        if name in have:
            gateway.update_authorizer(ApiId=api_id, AuthorizerId=have[name], **settings)
            ids[name] = have[name]
        else:
            made = gateway.create_authorizer(ApiId=api_id, Name=name, **settings)
            ids[name] = made["AuthorizerId"]
    return ids


class _Values:
    """Resolves CloudFormation's functions in a processed template of a deployed stack."""

    def __init__(self, place: Place, stack_name: str) -> None:
        cloudformation = client(place, "cloudformation")
        self.template: Json = cloudformation.get_template(
            StackName=stack_name, TemplateStage="Processed"
        )["TemplateBody"]
        resources = cloudformation.get_paginator("list_stack_resources")
        self.physical: dict[str, str] = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in resources.paginate(StackName=stack_name)
            for resource in page["StackResourceSummaries"]
        }
        stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
        self.account: str = stack["StackId"].split(":")[4]
        self.references = self.physical | {
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::AccountId": self.account,
            "AWS::StackName": stack_name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        for parameter in stack.get("Parameters", []):
            self.references[parameter["ParameterKey"]] = parameter["ParameterValue"]

    def resolve(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.resolve(value) for value in node]
        if not isinstance(node, dict):
            return node
        match list(node.items()):
            case [("Ref", name)]:
                return self.references[name]
            case [("Fn::GetAtt", [name, "Arn"])]:
                return self._arn(name)
            case [("Fn::Split", [separator, value])]:
                return self.resolve(value).split(separator)
            case [("Fn::Sub", str(text))]:
                return self._substitute(text, {})
            case [("Fn::Sub", [text, local])]:
                return self._substitute(text, self.resolve(local))
            case [(name, _)] if name.startswith("Fn::"):
                raise NotImplementedError(f"{name} in the body of the HTTP API")
            case _:
                return {name: self.resolve(value) for name, value in node.items()}

    def _substitute(self, text: str, local: Json) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name.endswith(".Arn"):
                return self._arn(name.removesuffix(".Arn"))
            return str(local.get(name) or self.references[name])

        return re.sub(r"\$\{([^}!]+)\}", value, text)

    def _arn(self, name: str) -> str:
        kind = self.template["Resources"][name]["Type"]
        if kind != "AWS::Lambda::Function":
            raise NotImplementedError(f"the ARN of {name}, a {kind}")
        return f"arn:aws:lambda:{REGION}:{self.account}:function:{self.physical[name]}"
