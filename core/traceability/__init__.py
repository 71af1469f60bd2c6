"""The unit's record: what units there are, what they are made of, and how each test of them went.

It is read and written over HTTP with the calls of TofuPilot's REST API v2, so that the clients test engineers have
already can be pointed at this unit.
"""
