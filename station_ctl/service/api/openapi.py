"""OpenAPI 3.1 of the local API, from the registry alone.

Knows the form of the document. Every action is there because it is declared, not because somebody wrote it here.
"""

from __future__ import annotations

from typing import Any

from station_ctl.service.actions import Action, Kind, Registry

_VERDICT = {
    "type": "object",
    "required": ["ok", "action", "decision", "exit", "text", "data", "version", "simulated"],
    "properties": {
        "ok": {"type": "boolean"},
        "action": {"type": "string"},
        "decision": {"type": "string"},
        "exit": {"type": "integer"},
        "code": {"type": ["string", "null"]},
        "text": {"type": "string"},
        "data": {"type": "object"},
        "operation": {"type": ["string", "null"]},
        "version": {"type": "integer"},
        "simulated": {"type": "boolean"},
    },
}
_ERROR = {
    "type": "object",
    "required": ["ok", "code", "text"],
    "properties": {"ok": {"type": "boolean"}, "code": {"type": ["string", "null"]}, "text": {"type": "string"}},
}


def document(registry: Registry, version: str) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, Any] = {
        "/healthz": {"get": _plain("health", "The loop answers.", 200)},
        "/readyz": {"get": _plain("ready", "Every link is scanned.", 200, 503)},
    }
    paths["/api/v1/jog-button"] = {"post": _button()}
    for action in registry:
        paths[f"/api/v1/commands/{action.name}"] = {"post": _command(action)}
        if action.kind is Kind.READ:
            paths[f"/api/v1/queries/{action.name}"] = {"get": _query(action)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "station-ctl", "version": version},
        "paths": paths,
        "components": {
            "schemas": {"Verdict": _VERDICT, "Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _answers(*statuses: int) -> dict[str, Any]:
    def said(schema: str) -> dict[str, Any]:
        return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}

    return {
        str(status): {"description": "done" if status < 300 else "refused", "content": said(
            "Verdict" if status < 300 else "Error")}
        for status in statuses
    }  # fmt: skip


REFUSALS = (400, 401, 403, 404, 408, 409, 413, 421, 428, 429)


def _plain(name: str, text: str, *statuses: int) -> dict[str, Any]:
    return {
        "operationId": name, "summary": text,
        "responses": {str(s): {"description": "answer"} for s in (*statuses, 403, 413, 421, 429)},
    }  # fmt: skip


def _button() -> dict[str, Any]:
    stamp = {"type": "object", "properties": {"stamp": {"type": "string", "description": "of the answer before"}}}
    text = "The jog button is held: say so again, with the stamp of the answer before, within 250 ms."
    return {
        "operationId": "jog-button", "summary": text,
        "requestBody": {"content": {"application/json": {"schema": stamp}}},
        "responses": {str(s): {"description": "answer"} for s in (200, *REFUSALS)},
    }  # fmt: skip


def _looks(name: str, text: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "operationId": name, "summary": text, "parameters": parameters, "responses": _answers(200, 202, *REFUSALS)
    }  # fmt: skip


def _query(action: Action) -> dict[str, Any]:
    schema = _schema(action)
    wanted = schema.get("required", [])
    parameters = [
        {"name": name, "in": "query", "required": name in wanted, "schema": kind}
        for name, kind in schema.get("properties", {}).items()
    ]
    return _looks(f"query.{action.name}", action.text.en, parameters)


def _command(action: Action) -> dict[str, Any]:
    params = _schema(action)
    envelope = {
        "type": "object",
        "additionalProperties": False,
        **({"required": ["params"]} if params.get("required") else {}),
        "properties": {
            "params": params,
            "issued_at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}]},
            "key": {"type": "string", "maxLength": 80},
            "seen": {"type": ["integer", "null"]},
            "dry_run": {"type": "boolean"},
            "confirmed": {"type": "boolean"},
            "reason": {"type": "string", "maxLength": 400},
        },
    }
    return {
        "operationId": action.name,
        "summary": action.text.en,
        "description": f"{action.text.zh}\n\nKind {action.kind}; role {action.role.word}.",
        "requestBody": {"content": {"application/json": {"schema": envelope}}},
        "responses": _answers(200, 202, *REFUSALS),
    }


def _schema(action: Action) -> dict[str, Any]:
    """Parameters as JSON schema, with every reference written out: a document of one file."""
    schema = action.params.model_json_schema()
    known = schema.pop("$defs", {})

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            name = value.get("$ref", "").rpartition("/")[2]
            if name:
                return plain({**known[name], **{k: v for k, v in value.items() if k != "$ref"}})
            return {k: plain(v) for k, v in value.items()}
        return [plain(v) for v in value] if isinstance(value, list) else value

    found: dict[str, Any] = plain(schema)
    return found
