"""The part of Render's Blueprint format that a web service and a Key Value store use, as a JSON Schema.

Written from Render's Blueprint YAML reference (https://render.com/docs/blueprint-spec). Fields that Render does not
document are refused, and so is what the reference says of values: plans, regions, ranges, one source per variable.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

PLANS = ["free", "starter", "standard", "pro", "pro plus", "pro max", "pro ultra"]
REGIONS = ["oregon", "ohio", "virginia", "frankfurt", "singapore"]
RUNTIMES = ["docker", "elixir", "go", "image", "node", "python", "ruby", "rust", "static"]

_TEXT: Schema = {"type": "string", "minLength": 1}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_KEY: Schema = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}


def _object(properties: Schema, *required: str) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_FROM_SERVICE = _object(
    {
        "name": _TEXT,
        "type": {"enum": ["web", "pserv", "worker", "cron", "keyvalue", "redis"]},
        "property": {"enum": ["host", "port", "hostport", "connectionString"]},
        "envVarKey": _KEY,
    },
    "name",
    "type",
)
_FROM_DATABASE = _object({"name": _TEXT, "property": _TEXT}, "name", "property")

ENV_VAR: Schema = {
    "oneOf": [
        # Quoted or not, Render hands every value to the process as text; a YAML date or list would not survive.
        _object(
            {"key": _KEY, "value": {"type": ["string", "number", "boolean"]}, "previewValue": _TEXT}, "key", "value"
        ),
        _object({"key": _KEY, "generateValue": {"const": True}}, "key", "generateValue"),
        _object({"key": _KEY, "sync": {"const": False}}, "key", "sync"),
        _object({"key": _KEY, "fromDatabase": _FROM_DATABASE}, "key", "fromDatabase"),
        _object({"key": _KEY, "fromService": _FROM_SERVICE}, "key", "fromService"),
        _object({"fromGroup": _TEXT}, "fromGroup"),
    ]
}

_SCALING = _object(
    {
        "minInstances": {"type": "integer", "minimum": 1},
        "maxInstances": {"type": "integer", "minimum": 1},
        "targetMemoryPercent": {"type": "integer", "minimum": 1, "maximum": 90},
        "targetCPUPercent": {"type": "integer", "minimum": 1, "maximum": 90},
    },
    "minInstances",
    "maxInstances",
)

# Only on paid plans: Render refuses them on the free one.
PAID_FIELDS: Schema = {
    "numInstances": {"type": "integer", "minimum": 1, "maximum": 100},
    "scaling": _SCALING,
    "maxShutdownDelaySeconds": {"type": "integer", "minimum": 1, "maximum": 300},
    "preDeployCommand": _TEXT,
    "disk": _object({"name": _TEXT, "mountPath": _TEXT, "sizeGB": {"type": "integer"}}, "name", "mountPath"),
}

WEB_SERVICE = _object(
    {
        "type": {"const": "web"},
        "name": _TEXT,
        "runtime": {"enum": RUNTIMES},
        "plan": {"enum": PLANS},
        "region": {"enum": REGIONS},
        "repo": _TEXT,
        "branch": _TEXT,
        "rootDir": _TEXT,
        "buildCommand": _TEXT,
        "startCommand": _TEXT,
        "healthCheckPath": {"type": "string", "pattern": "^/"},
        "autoDeployTrigger": {"enum": ["off", "commit", "checksPass"]},
        "buildFilter": _object({"paths": _TEXTS, "ignoredPaths": _TEXTS}),
        "domains": _TEXTS,
        "initialDeployHook": _TEXT,
        "envVars": {"type": "array", "items": ENV_VAR},
        **PAID_FIELDS,
    },
    "type",
    "name",
    "runtime",
    "buildCommand",
    "startCommand",
)

KEY_VALUE = _object(
    {
        "type": {"enum": ["keyvalue", "redis"]},
        "name": _TEXT,
        "plan": {"enum": PLANS},
        "region": {"enum": REGIONS},
        "maxmemoryPolicy": {
            "enum": [
                "allkeys-lfu",
                "allkeys-lru",
                "allkeys-random",
                "noeviction",
                "volatile-lfu",
                "volatile-lru",
                "volatile-random",
                "volatile-ttl",
            ]
        },
        "ipAllowList": {
            "type": "array",
            "items": _object({"source": _TEXT, "description": {"type": "string"}}, "source"),
        },
    },
    "type",
    "name",
    "ipAllowList",
)

BLUEPRINT = _object(
    {"services": {"type": "array", "minItems": 1, "items": {"oneOf": [WEB_SERVICE, KEY_VALUE]}}}, "services"
)
