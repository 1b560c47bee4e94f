"""The contract for machines: OpenAPI, AsyncAPI and TypeScript, all made from the payload models.

`python -m server.schema` writes them to `docs/`; a test compares what is there with what the models say now.
"""
