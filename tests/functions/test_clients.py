from tests.builders import new_client
from tests.support.api import Staff


def test_a_client_needs_nothing_but_a_business_name(owner: Staff):
    answer = owner.call("clients", "POST", "/v1/clients", {"business_name": "Acme"})
    assert answer.status == 201
    assert answer.body["number"] == "C-0001"
    assert answer.headers["location"] == f"/v1/clients/{answer.body['client_id']}"


def test_a_client_reads_as_it_was_created(owner: Staff):
    created = owner.call("clients", "POST", "/v1/clients", new_client())
    read = owner.call("clients", "GET", f"/v1/clients/{created.body['client_id']}")
    assert read.body == created.body
    assert read.etag == created.etag == '"1"'
