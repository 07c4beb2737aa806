"""The station's side of OCPP: one engine that knows no version, projections of it, and what carries the messages.

Knows the domain, the facade, settings and the store; nothing here knows a connector's insides, and nothing of the charging core
knows anything of this room.
"""
