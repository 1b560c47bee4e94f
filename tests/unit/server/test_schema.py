"""The contract for machines: valid, complete, and what is committed is what the models say."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, cast

import jsonschema  # type: ignore[import-untyped]
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from rooms.errors import Code, Refused
from server.app import create_app
from server.protocol.answers import ACKS
from server.protocol.checks import parse
from server.protocol.events import DURABLE, EVENTS, ErrorObject
from server.protocol.requests import CreateInvite, CreateRoom
from server.schema import files
from server.schema.asyncapi import asyncapi
from server.schema.ceilings import DEFAULT, with_ceilings
from server.schema.components import PREFIX, name_of, schemas
from server.schema.markdown import filled
from server.schema.openapi import openapi
from server.schema.typescript import bounds_of
from server.settings import Settings
from server.usecases.commands import COMMANDS
from tests.support.parts import requires
from tests.support.processes import ROOT

PAGES = re.compile(r"/|/admin|/check|/playground.*|/r/.*|/vendor/.*|/assets/.*|/client\.tgz|/\{area\}.*|/socket\.io.*")


@pytest.mark.parametrize("file", files.published(), ids=lambda file: file.name)
def test_what_is_committed_is_what_the_models_say(file: files.Published) -> None:
    assert (ROOT / "docs" / file.name).read_text() == file.text, "run `make schemas`"


@pytest.mark.parametrize("page", files.PAGES, ids=lambda page: page.name)
def test_every_table_is_what_the_code_says(page: Path) -> None:
    assert filled(page.read_text()) == page.read_text(), "run `make schemas`"


def test_readme_tells_of_every_variable() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in readme] == []


def test_the_client_knows_every_code() -> None:
    for name, text in files.client_types().items():
        assert (files.CLIENT / name).read_text() == text, "run `make schemas`"


def test_the_rest_description_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(cast(Mapping[Hashable, Any], openapi())).validate()


def test_the_rest_description_has_every_route_and_no_other() -> None:
    app = create_app(Settings(_env_file=None))  # type: ignore[call-arg]
    routed = set()
    for route in app.router.routes():
        assert route.resource is not None
        path = re.sub(r"_(\w)(?=\w*\})", lambda found: found[1].upper(), route.resource.canonical)
        if route.method not in ("HEAD", "OPTIONS", "*") and not PAGES.fullmatch(path):
            routed.add((route.method.lower(), path))
    described = {(method, path) for path, item in openapi()["paths"].items() for method in item}
    assert described == routed


def test_every_refusal_of_a_call_carries_a_known_code() -> None:
    for item in openapi()["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert {Code(code) for code in response["description"].split(", ")}


def test_the_events_are_valid_asyncapi() -> None:
    requires("node packages")
    specs = Path(ROOT, "tests/node_modules/@asyncapi/specs/schemas/3.0.0.json")
    schema = json.loads(specs.read_text())
    jsonschema.Draft7Validator(schema).validate(asyncapi())


def test_the_event_description_has_every_request_and_event_with_its_answer() -> None:
    operations = asyncapi()["operations"]
    received = {name.removeprefix("receive.") for name, one in operations.items() if one["action"] == "receive"}
    sent = {name.removeprefix("send.") for name, one in operations.items() if one["action"] == "send"}
    assert received == set(COMMANDS) == set(ACKS)
    assert sent == set(EVENTS)
    assert all("reply" in one for one in operations.values() if one["action"] == "receive")


def test_every_reference_leads_somewhere() -> None:
    for document in (openapi(), asyncapi()):
        for target in set(references(document)):
            node: Any = document
            for part in target.removeprefix("#/").split("/"):
                node = node[part]


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]
    if isinstance(node, list):
        return [found for value in node for found in references(value)]
    return []


def test_no_two_models_share_a_name() -> None:
    assert not [name for name in schemas() if "__" in name]
    assert PREFIX == "#/components/schemas/"


def test_what_is_sent_is_closed_and_what_is_taken_is_open() -> None:
    assert schemas()["MessageReceived"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas()["SendMessage"]
    assert "additionalProperties" not in schemas()["UpdateRoom"]


def test_bodies_of_rest_calls_are_closed() -> None:
    for name in ("CreateRoom", "CreateInvite", "OutsideMessage", "RoomSettings"):
        assert schemas()[name]["additionalProperties"] is False


def test_every_call_lists_what_all_calls_may_be_answered() -> None:
    for path, item in openapi()["paths"].items():
        for method, operation in item.items():
            statuses = set(operation["responses"])
            assert "500" in statuses
            if path.startswith("/api/") and path != "/api/health":
                assert "429" in statuses
                assert method == "get" or "403" in statuses
            if "requestBody" in operation:
                assert statuses >= {"400", "408", "413"}


def test_a_field_that_may_be_missing_is_not_null() -> None:
    schema = schemas()["MessageReceived"]
    assert schema["properties"]["to"] == {"type": "string"}
    assert "to" not in schema["required"]


def test_the_error_object_lists_every_code() -> None:
    assert schemas()["ErrorCode"]["enum"] == [code.value for code in Code]
    ErrorObject.model_validate({"code": "ROOM_FULL", "message": "", "retryable": True})


def test_durable_events_are_those_with_a_seq() -> None:
    with_seq = {name for name, model in EVENTS.items() if "seq" in model.model_fields}
    assert with_seq == DURABLE | {"room-joined", "read-changed"}, "these two name a place that others have"


def test_every_request_is_about_a_room() -> None:
    for event, command in COMMANDS.items():
        assert "roomId" in schemas()[name_of(command.payload)]["required"], event


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "minLength": 1, "maxLength": 64}, "1 to 64 characters"),
        ({"anyOf": [{"type": "string", "maxLength": 64}, {"type": "null"}]}, "at most 64 characters"),
        ({"type": "integer", "minimum": 0}, "at least 0"),
        ({"type": "boolean"}, ""),
    ],
)
def test_sizes_are_told_in_words(schema: dict[str, Any], words: str) -> None:
    assert bounds_of(schema) == words


def test_the_command_writes_what_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from server.schema import __main__ as command

    docs = tmp_path / "docs"
    docs.mkdir()
    stale = {"protocol.md": "| `ROOM_FULL` |", "limits.md": "| `MAX_ROOMS` |", "README.md": "| `HOST`, `PORT` |"}
    stale["metrics.md"] = "| `mayfly_rooms` |"
    assert stale.keys() == {page.name for page in files.PAGES}
    for page in files.PAGES:
        assert page.read_text().count(stale[page.name]) == 1
        (docs / page.name).write_text(page.read_text().replace(stale[page.name], "| `SOMETHING_ELSE` |"))
    monkeypatch.setattr(command, "DOCS", docs)
    monkeypatch.setattr(command, "PAGES", tuple(docs / page.name for page in files.PAGES))
    command.main()
    for file in files.published():
        assert (docs / file.name).read_text() == file.text
    for page in files.PAGES:
        assert (docs / page.name).read_text() == page.read_text()


def test_the_ceilings_are_those_of_the_operator() -> None:
    own = with_ceilings(json.dumps(openapi()), (50, 1_000.5))
    for document, (capacity, ttl_s) in ((openapi(), DEFAULT), (json.loads(own), (50, 1_000.5))):
        for name in ("CreateRoom", "RoomSettings"):
            fields = document["components"]["schemas"][name]["properties"]
            assert fields["capacity"]["anyOf"][0] == {"type": "integer", "minimum": 1, "maximum": capacity}
            assert fields["expiresInS"]["anyOf"][0]["maximum"] == ttl_s


def test_a_number_is_whole_however_it_is_written() -> None:
    """JSON knows one kind of number: 8.0 is the integer 8."""
    assert parse(CreateRoom, {"capacity": 8.0}).capacity == 8
    assert parse(CreateInvite, {"uses": 2.0}).uses == 2
    for wrong in (8.5, float("inf"), True, "8"):
        with pytest.raises(Refused):
            parse(CreateRoom, {"capacity": wrong})


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ({"text": "hi"}, True),
        ({"text": ""}, False),
        ({"text": "", "attachments": [{"fileId": "x"}]}, True),
        ({"text": "", "attachments": []}, False),
        ({"text": "x" * 4_001}, False),
        ({"text": "x" * 4_001, "encrypted": True}, True),
    ],
)
def test_the_description_of_a_message_says_when_it_may_be_empty_or_long(body: dict[str, Any], fits: bool) -> None:
    schema = {**schemas()["OutsideMessage"], "components": {"schemas": schemas()}}
    assert jsonschema.Draft202012Validator(schema).is_valid(body) is fits
