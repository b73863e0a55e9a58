"""The service: what people and vehicles ask of the station.

Knows how a request becomes a run. Does not know links or devices.
"""
